"""The options that the scripts comparing whole trainings share."""

import argparse
import pathlib
import sys


def parser_of(description, work_help):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuff", default=str(pathlib.Path(__file__).parents[2] / "build" / "tuff"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=pathlib.Path, help=work_help)
    return parser


def parse(parser, standard):
    """(the script's own options, `tuff train`'s: `standard` with what stands after --)."""
    arguments = sys.argv[1:]
    more = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    given = parser.parse_args(arguments[: arguments.index("--")] if more else arguments)
    training = standard | dict(zip(more[::2], more[1::2]))
    return given, [word for pair in training.items() for word in pair]
