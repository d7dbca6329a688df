"""``jikimi eval``: how well a method finds campaigns, on streams whose truth is known.

A method is anything that writes the result files of ``jikimi analyze``; the
protocol is in docs/evaluation.md.
"""
