"""What a wearable's accelerometer tells, learned without labels.

`recording` says what a recording is, `readers` find them in files, `windows` cuts them into what
nets see and `window_store` keeps those on the disk.  This room knows `learning` and `recordings`.
"""
