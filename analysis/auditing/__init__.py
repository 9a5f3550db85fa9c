"""What public counters of operations print, and why."""
