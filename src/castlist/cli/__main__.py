"""`python -m castlist.cli` is the `castlist` command."""

from castlist.cli.app import main

if __name__ == "__main__":
    main()
