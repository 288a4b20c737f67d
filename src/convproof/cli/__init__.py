"""The command line: one file a command, each of which only asks a verb and shows what it found."""
