"""What every command shares: settings, progress, interrupts, exit codes."""
