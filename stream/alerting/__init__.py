"""What becomes an alert: bursts of copies, campaigns, harm."""
