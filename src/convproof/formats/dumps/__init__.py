"""What a target dumps: arrays in files of its own making, as text, raw bytes, C source or archives, one file a layer or all in one."""
