"""What a meter is made of: the listener, logical devices and their persistence."""
