"""A seeded world of fandom with planted campaigns, and the truth about them; written blind.

Nobody who wrote it had seen the detector. It has two grammars that share no
text, no names and no habits: ``first`` is for development, ``second`` for final
figures alone. **Never tune, debug or train anything on the second grammar.**
"""
