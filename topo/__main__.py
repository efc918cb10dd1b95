"""`python -m topo TOPOLOGY`: bring a network up, and take it down when told to."""

from topo.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
