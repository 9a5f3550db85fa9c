"""Run the command line as ``python -m workspan``."""

from workspan.reports.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
