"""The embedded emulator: launch.py starts it, client/ calls it, server/ implements it."""
