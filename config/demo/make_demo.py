#!/usr/bin/env python3
"""Makes the demo recordings beside it: a simulated weather station on a windy morning (station.csv), and a simulated
bicycle ride with two channels (ride.mcap).

Nothing in them was measured: they are dedicated to the public domain (CC0 1.0). The script needs Python's standard
library alone, and gives the same bytes everywhere: whole numbers and a generator of its own, no floating-point
functions that differ between machines.

    python3 config/demo/make_demo.py                 # writes the files
    python3 config/demo/make_demo.py --check         # fails if they are not what this script makes
"""

import pathlib
import struct
import sys

FOLDER = pathlib.Path(__file__).parent
HEADER = "time,temp_C,rel_humidity_%,pressure_hPa,wind_speed_kmh,wind_dir_deg,rain_mm,battery_V,door_open"
# 2024-06-01T05:00:00Z, in milliseconds.
BEGIN_MS = 1_717_218_000_000
RECORDS = 1_400


class Noise:
    """The generator of Park and Miller, as in `minstd`: whole numbers below 2^31."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = self.state * 48_271 % 2_147_483_647
        return self.state % limit


def wave(at, period):
    """A smooth wave of `period`, from -1000 to 1000: two parabolas, whose arithmetic is exact."""
    phase = at % period * 4_000 // period
    half = phase % 2_000
    arc = half * (2_000 - half) // 1_000
    return arc if phase < 2_000 else -arc


def decimal(value, places):
    """A whole number of 10^-places as text."""
    sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def instant(ms):
    """The time of day of `ms`, which is on the day of `BEGIN_MS`."""
    seconds, millis = divmod(ms - BEGIN_MS + 5 * 3_600_000, 1_000)
    hours, rest = divmod(seconds, 3_600)
    return f"2024-06-01T{hours:02}:{rest // 60:02}:{rest % 60:02}.{millis:03}Z"


def station_lines():
    noise = Noise(20_240_601)
    yield HEADER
    ms, gust, rain, battery = BEGIN_MS, 0, 0, 12_900
    for number in range(RECORDS):
        at = (ms - BEGIN_MS) // 10
        gust = (gust * 7 + noise.below(90) * 10) // 8
        rains = wave(at, 41_000) > 600
        rain += noise.below(3) if rains else 0
        battery -= noise.below(2)
        wind = 180 + wave(at, 23_000) * 9 // 100 + gust
        row = [
            instant(ms),
            decimal(1_450 + wave(at, 61_000) * 22 // 100 + noise.below(9) - (90 if rains else 0), 2),
            decimal(640 - wave(at, 61_000) * 11 // 100 + noise.below(5) + (120 if rains else 0), 1),
            decimal(10_127 + wave(at, 90_000) * 4 // 100 + noise.below(3), 1),
            decimal(wind, 1),
            str((225 + wave(at, 31_000) * 35 // 1_000 + noise.below(13)) % 360),
            decimal(rain, 1),
            decimal(battery, 3),
            "true" if 500 < number % 900 < 560 else "false",
        ]
        # Now and then the radio has no reading of the wind.
        if number % 211 == 40:
            row[4] = row[5] = ""
        yield ",".join(row)
        # Twice a second, but never exactly, and every five minutes a pause of a few seconds.
        ms += 430 + noise.below(141) + (4_000 if number % 600 == 599 else 0)


def text_of(text):
    """A text as MCAP has it: with its length before it."""
    encoded = text.encode()
    return struct.pack("<I", len(encoded)) + encoded


def mcap_record(opcode, content):
    return struct.pack("<BQ", opcode, len(content)) + content


def channel(number, topic):
    return mcap_record(4, struct.pack("<HH", number, 0) + text_of(topic) + text_of("json") + struct.pack("<I", 0))


def message(number, sequence, ms, json):
    nanos = ms * 1_000_000
    return mcap_record(5, struct.pack("<HIQQ", number, sequence, nanos, nanos) + json.encode())


def ride_messages():
    """The bike four times a second, its position once."""
    noise = Noise(7)
    metres, heart = 0, 95
    for number in range(480):
        ms = BEGIN_MS + 250 * number + noise.below(40)
        climb = wave(number, 360)
        speed = 245 - climb * 11 // 100 + wave(number, 45) * 2 // 100 + noise.below(7)
        power = max(0, 190 + climb * 14 // 100 + noise.below(50))
        heart += (95 + power * 2 // 9 - heart + noise.below(9) - 4) // 8
        metres += speed * 250 // 36_000
        cadence = 84 - climb // 100 + noise.below(4)
        values = f'"speed_kmh":{decimal(speed, 1)},"power_W":{power},"heart_rate_bpm":{heart},"cadence_rpm":{cadence}'
        gear = 11 - (climb + 1_000) // 200
        yield message(1, number, ms, f'{{"t":{ms},{values},"gear":"{gear}-speed"}}')
        if number % 4 == 0:
            position = f'"lat_deg":{decimal(47_050_000 + metres * 9, 6)},"lon_deg":{decimal(8_310_000 + metres * 5, 6)}'
            altitude = decimal(4_360 + wave(number, 720) * 38 // 100, 1)
            yield message(2, number // 4, ms, f'{{"t":{ms},{position},"altitude_m":{altitude}}}')


def ride():
    """An MCAP file without chunks, index and checksums, all of which are optional."""
    magic = b"\x89MCAP0\r\n"
    head = mcap_record(1, text_of("") + text_of("tickcast config/demo/make_demo.py"))
    data = b"".join([channel(1, "/bike"), channel(2, "/gps"), *ride_messages()])
    return magic + head + data + mcap_record(15, struct.pack("<I", 0)) + mcap_record(2, bytes(20)) + magic


def files():
    yield "station.csv", ("\n".join(station_lines()) + "\n").encode()
    yield "ride.mcap", ride()


def main():
    for name, content in files():
        path = FOLDER / name
        if "--check" not in sys.argv[1:]:
            path.write_bytes(content)
            print(f"{path}: {len(content)} bytes")
        elif path.read_bytes() != content:
            sys.exit(f"{path} is not what this script makes; run it without --check")


if __name__ == "__main__":
    main()
