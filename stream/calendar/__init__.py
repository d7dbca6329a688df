"""What fans are known to do when: comebacks, votes, birthdays, broadcasts."""
