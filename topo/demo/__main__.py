"""`python -m topo.demo`: the demo, once everything is set up; see scripts/demo."""

from topo.demo.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
