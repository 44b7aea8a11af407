"""What a program reads meters with, asynchronous and blocking over one core."""
