"""One module a command of jikimi; imported only when the command is used."""
