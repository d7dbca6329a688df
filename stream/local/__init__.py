"""The rooms of the local index: tables, writing, reading, search; see local_index.py."""
