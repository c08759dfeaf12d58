"""`python -m hcserver`: the same as the command `hcserver`."""

from hcserver.cli import main

main()
