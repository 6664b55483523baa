"""The embedded emulator: launch.py starts it, client/ talks to it, server/ is it."""
