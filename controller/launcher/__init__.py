"""The command ``osken-manager``: its options, the apps that it runs, the signals that end it."""

from controller.launcher.command import main

__all__ = ["main"]
