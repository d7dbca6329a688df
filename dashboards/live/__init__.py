"""``jikimi live``: posts a minute as they come, on a page of its own."""
