"""IMU recordings: readers, tables, windows and their store."""
