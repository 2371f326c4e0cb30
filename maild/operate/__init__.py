"""What an operator does beside the daemon: doctor, rehearse, inspect, notify systemd."""
