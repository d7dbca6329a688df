"""Pictures and clips: sniffed, hashed, compared; each judged alone, nothing remembered."""
