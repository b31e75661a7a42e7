"""What `compare.py` is made of: processes ← servers ← instrument ← scenarios ← report."""
