"""Dialects of CSV files, found in texts as people have them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest

from aqueducts.sampling.csv_dialect import find_dialect, has_header, read_rows

TEXTS = {
    "comma": ("id,name\n1,a\n2,b\n", ",", True),
    "semicolon": ("id;name\n1;a\n2;b\n", ";", True),
    "tab": ("id\tname\n1\ta,b\n2\tc;d\n", "\t", True),
    "bar": ("id|name\n1|a\n2|b\n", "|", True),
    "semicolon with decimal commas": ("id;x;y\n1;1,5;2,5\n2;2,25;3,5\n", ";", True),
    "decimal commas without a header": ("1,5;2,5\n2,25;3,5\n", ";", False),
    "decimal commas between bars": ("1,5|2,5|a\n2,25|3,5|b\n", "|", False),
    "commas in quotes": ('id;text\n1;"a, b, c"\n2;"d, e, f"\n', ";", True),
    "semicolons in quotes": ('id,text\n1,"a; b; c"\n2,"d; e; f"\n', ",", True),
    "line ends in quotes": ('id,text\n1,"a\nb;c;d"\n2,"e\nf;g;h"\n', ",", True),
    "doubled quotes": ('id,text\n1,"say ""hi"", you"\n2,"x"\n', ",", True),
    "sentences with commas": ("id;text\n1;well, yes\n2;no\n3;so, so, so\n", ";", True),
    "one column of names": ("name\nAnn\nBob\nCyd\n", ",", True),
    "one column of numbers": ("17\n12\n99\n", ",", False),
    "one column of dates": ("2024-05-01\n2024-05-02\n", ",", False),
    "times with colons": ("at,what\n10:30:00,a\n11:45:10,b\n", ",", True),
    "timestamps only": ("2024-05-01 10:30:00\n2024-05-02 11:45:10\n", ",", False),
    "addresses with spaces": ("name,street\nAnn,1 Main Road\nBob,22 High Street\n", ",", True),
    "web addresses": ("id,url\n1,https://a.b/c?d=e;f|g\n2,https://h.i/j?k=l;m|n\n", ",", True),
    "empty values": ("a,b,c\n,,\n1,,\n,,3\n", ",", True),
    "mostly empty": ("a;b;c;d\n;;;\n;;;1\n;;;\n", ";", True),
    "a header only": ("id,name,day\n", ",", True),
    "one row of numbers": ("1;2;3\n", ";", False),
    "two columns of text": ("city,land\nRome,Italy\nOslo,Norway\n", ",", True),
    "text that repeats": ("x,y\nx,z\nw,y\n", ",", False),
    "years as names": ("land,2019,2020\nDE,5,6\nFR,7,8\n", ",", True),
    "years as values": ("2019,5\n2020,6\n2021,7\n", ",", False),
    "codes below names": ("code,n\n0012,1\n0003,2\n", ",", True),
    "nulls in the first row": ("1,NA\n2,5\n3,6\n", ",", False),
    "percent and money": ("item;share;price\na;5,5%;3,50 €\nb;10%;1,00 €\n", ";", True),
    "an index without a name": (",a,b\n0,1,x\n1,2,y\n", ",", True),
    "delimiters at the ends": ("a,b,\n1,2,\n3,4,\n", ",", True),
    "carriage returns": ("id;b\r\n1;x,y\r\n2;z\r\n", ";", True),
    "old carriage returns": ("id;b\r1;x,y\r2;z\r", ";", True),
    "blank lines": ("id,b\n\n1,x\n\n2,y\n\n", ",", True),
    "json in a column": ('id\tdoc\n1\t{"a": 1, "b": 2}\n2\t{"a": 3, "b": 4}\n', "\t", True),
    "lists in a column": ("id;tags\n1;a,b,c\n2;d\n3;e,f\n", ";", True),
    "lists of one length": ("id;tags\n1;a,b\n2;c,d\n3;e,f\n", ";", True),
    "wide": (
        ",".join(f"c{i}" for i in range(500)) + "\n" + ",".join(["1"] * 500) + "\n",
        ",",
        True,
    ),
}


@pytest.mark.parametrize(("text", "delimiter", "is_named"), TEXTS.values(), ids=list(TEXTS))
def test_delimiter_and_header(text: str, delimiter: str, is_named: bool) -> None:
    """Both are found in each of the texts."""
    dialect = find_dialect(text)
    rows = [row.values for row in read_rows(text, dialect)]
    assert (dialect.delimiter, has_header(rows)) == (delimiter, is_named)
    assert {len(row) for row in rows} == {dialect.width}


def test_single_quotes() -> None:
    """They are quotes where values are wrapped in them."""
    dialect = find_dialect("a,b\n'x,y',2\n'z',3\n")
    assert dialect.quote == "'"
    assert find_dialect("a,b\nit's,2\nthat's,3\n").quote == '"'


def test_backslashes_before_quotes() -> None:
    """They are escapes where rows fall apart without."""
    dialect = find_dialect('a,b\n"x \\"q\\", y",2\n"z",3\n')
    assert dialect.escape == "\\"
    assert find_dialect('a,b\n"c:\\x",2\n"z",3\n').escape is None


def test_comments() -> None:
    """A `#` begins a comment, but not where it stands before a name."""
    assert find_dialect("# made by x, y\na,b\n1,2\n3,4\n").comment == "#"
    assert find_dialect("#id,name\n1,a\n2,b\n").comment is None


def test_lines_before_the_table() -> None:
    """Titles are counted, so that they can be told."""
    assert find_dialect("Report 2024\na;b\n1;2\n3;4\n").first_row == 1


_WORDS = ("alpha", "Müller", "O'Neil", "New York", "it's", "5 apples", "a/b", "e.f", "", "x_y")

_VALUES: dict[str, Callable[[random.Random], str]] = {
    "text": lambda chance: chance.choice(_WORDS),
    "list": lambda chance: chance.choice(",;|").join(chance.choices(_WORDS, k=3)),
    "quoted": lambda chance: f'say "{chance.choice(_WORDS)}"',
    "lines": lambda chance: "\n".join(chance.choices(_WORDS, k=2)),
    "number": lambda chance: str(chance.randint(-1000, 1_000_000)),
    "price": lambda chance: f"{chance.uniform(0, 1000):.2f}".replace(".", chance.choice(",.")),
    "day": lambda chance: f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
    "time": lambda chance: f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}",
    "address": lambda chance: f"https://x.y/?a={chance.randint(1, 99)}&b=c;d",
}


@pytest.mark.parametrize("seed", range(200))
def test_tables_as_programs_write_them(seed: int) -> None:
    """Random values below names, written with each delimiter and way of quoting."""
    chance = random.Random(seed)
    kinds = ["number", *chance.choices(list(_VALUES), k=chance.randint(1, 6))]
    names = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    rows = [[_VALUES[kind](chance) for kind in kinds] for _ in range(chance.randint(4, 40))]
    text = io.StringIO(newline="")
    delimiter = chance.choice(",;\t|")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=chance.choice(["\n", "\r\n"]),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    )
    writer.writerows([names, *rows])
    dialect = find_dialect(text.getvalue())
    assert dialect.delimiter == delimiter
    found = [row.values for row in read_rows(text.getvalue(), dialect)]
    assert found == [names, *rows]
    assert has_header(found)
