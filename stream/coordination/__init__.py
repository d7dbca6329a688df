"""Coordination: who shares what with whom, told apart from fans, news and criticism."""
