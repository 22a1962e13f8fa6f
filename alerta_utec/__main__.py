"""``python -m alerta_utec``: the command line."""

from alerta_utec.cli import main

main(prog_name="alerta-utec")
