"""`inspector branch`: the versions of a line's branch, from their making to their end.

Each module of this folder holds commands that belong together; here they are put into
the group, in the order in which help shows them.
"""

from __future__ import annotations

import typer

from inspector.commands.branch.carrying import export_branch, import_branch
from inspector.commands.branch.checking import check
from inspector.commands.branch.keys import keygen, sign
from inspector.commands.branch.making import train
from inspector.commands.branch.reading import diff, list_branches, show
from inspector.commands.branch.shadow_report import disagreements
from inspector.commands.branch.steps import canary, rollback, shadow, use, withdraw

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Look at, check, carry and use the versions of a line's branch.",
)
# Making them.
app.command()(train)
# Looking at them.
app.command("list")(list_branches)
app.command()(show)
app.command()(diff)
app.command()(check)
# Using them.
for step in (shadow, disagreements, canary, use, withdraw, rollback):
    app.command()(step)
# Carrying them.
app.command("export")(export_branch)
app.command("import")(import_branch)
app.command()(sign)
app.command()(keygen)
