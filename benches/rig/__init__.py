"""The modules behind `compare.py`; each uses the ones to its left: processes, servers, instrument, scenarios, report."""
