"""The language of data types."""

from __future__ import annotations

import pytest

from aqueducts.models.types import ALIASES, TYPE_NAMES, DataType, DataTypeError, Member, parse_type

_SPELLINGS = [
    ("bool", "bool"),
    ("boolean", "bool"),
    ("int8", "int8"),
    ("int16", "int16"),
    ("int32", "int32"),
    ("int", "int32"),
    ("integer", "int32"),
    ("int64", "int64"),
    ("long", "int64"),
    ("uint8", "uint8"),
    ("uint16", "uint16"),
    ("uint32", "uint32"),
    ("uint64", "uint64"),
    ("float32", "float32"),
    ("float", "float32"),
    ("float64", "float64"),
    ("double", "float64"),
    ("string", "string"),
    ("utf8", "string"),
    ("large_string", "large_string"),
    ("large_utf8", "large_string"),
    ("binary", "binary"),
    ("large_binary", "large_binary"),
    ("date32", "date32"),
    ("date", "date32"),
    ("date64", "date64"),
    ("fixed_binary<16>", "fixed_binary<16>"),
    ("time32<second>", "time32<second>"),
    ("time32<ms>", "time32<millisecond>"),
    ("time64<us>", "time64<microsecond>"),
    ("time64<nanosecond>", "time64<nanosecond>"),
    ("timestamp<s>", "timestamp<second>"),
    ("timestamp<ms>", "timestamp<millisecond>"),
    ("timestamp<us>", "timestamp<microsecond>"),
    ("timestamp<ns>", "timestamp<nanosecond>"),
    ("timestamp<millisecond,UTC>", "timestamp<millisecond,UTC>"),
    ("timestamp< us , Europe/Berlin >", "timestamp<microsecond,Europe/Berlin>"),
    ("timestamp<second,-05:30>", "timestamp<second,-05:30>"),
    ("timestamp<second,>", "timestamp<second>"),
    ("duration<s>", "duration<second>"),
    ("interval<year_month>", "interval<year_month>"),
    ("interval<day_time>", "interval<day_time>"),
    ("interval<month_day_nano>", "interval<month_day_nano>"),
    ("decimal<10,2>", "decimal<10,2>"),
    ("decimal< 38 , -3 >", "decimal<38,-3>"),
    ("decimal256<76,76>", "decimal256<76,76>"),
    ("list<int>", "list<int32>"),
    ("large_list<utf8>", "large_list<string>"),
    ("fixed_list<float,3>", "fixed_list<float32,3>"),
    ("struct<a:int,b:utf8>", "struct<a:int32,b:string>"),
    ("struct< a : int , b c : list< utf8 > >", "struct<a:int32,b c:list<string>>"),
    ("struct<>", "struct<>"),
    (r"struct<a\:b:int,\ c\ :date>", r"struct<a\:b:int32,\ c\ :date32>"),
    ("map<string,long>", "map<string,int64>"),
    ("dictionary<int,utf8>", "dictionary<int32,string>"),
    ("union<sparse,a:int,b:utf8>", "union<sparse,a:int32,b:string>"),
    ("union<dense,a:list<date>>", "union<dense,a:list<date32>>"),
    (
        "list<struct<m:map<string,decimal<3,1>>,t:timestamp<ms,UTC>>>",
        "list<struct<m:map<string,decimal<3,1>>,t:timestamp<millisecond,UTC>>>",
    ),
    ("  int64  ", "int64"),
]


@pytest.mark.parametrize(("text", "canonical"), _SPELLINGS)
def test_every_spelling_is_read_and_printed_in_its_canonical_form(
    text: str, canonical: str
) -> None:
    """Aliases, short units and spaces are accepted, and go away in print."""
    data_type = parse_type(text)

    assert str(data_type) == canonical
    assert parse_type(canonical) == data_type


def test_the_table_above_has_every_name() -> None:
    """A type that is added must be added to the table of spellings."""
    texts = {text.split("<", maxsplit=1)[0].strip() for text, _ in _SPELLINGS}

    assert texts >= {*TYPE_NAMES, *ALIASES}


def test_a_nested_type_is_plain_data() -> None:
    """A type is a name with parameters, all the way down."""
    assert parse_type("struct<a:list<int>>") == DataType(
        "struct", (Member("a", DataType("list", (DataType("int32"),))),)
    )


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("", "a data type is missing here", ""),
        ("intt", "unknown data type 'intt'", "intt"),
        ("Int64", "unknown data type 'Int64'", "Int64"),
        ("list< struct<a:strng> >", "unknown data type 'strng'", "strng"),
        ("foo<int>", "unknown data type 'foo'", "foo"),
        ("map<string,foo>", "unknown data type 'foo'", "foo"),
        ("list", "the type 'list' needs parameters", "list"),
        ("timestamp", "the type 'timestamp' needs parameters", "timestamp"),
        ("int32<4>", "the type 'int32' takes no parameters", "<4>"),
        ("list<int", "this '<' is never closed", "<"),
        ("list<list<int>", "this '<' is never closed", "<"),
        ("list<int>>", "unexpected '>' behind the type", ">"),
        ("list<int> x", "unexpected 'x' behind the type", "x"),
        ("decimal<3>", "'decimal<3>' has the wrong number of parameters", "decimal<3>"),
        ("list<int,int>", "'list<int,int>' has the wrong number of parameters", "list<int,int>"),
        ("decimal<39,1>", "'39' is not a whole number from 1 to 38", "39"),
        ("decimal<x,1>", "'x' is not a whole number from 1 to 38", "x"),
        ("decimal<3,5>", "the scale 5 of a decimal is larger than its precision 3", "decimal<3,5>"),
        ("fixed_binary<-1>", "'-1' is not a whole number from 0 to 2147483647", "-1"),
        ("fixed_binary<99999999999>", "'99999999999' is not a whole number", "99999999999"),
        ("time32<ns>", "'ns' is not possible here", "ns"),
        ("timestamp<minute>", "'minute' is not possible here", "minute"),
        ("timestamp<ms,a b>", "'a b' is not a time zone", "a b"),
        ("interval<day>", "'day' is not possible here", "day"),
        ("struct<a>", "'a' is not of the form name:type", "a"),
        ("struct<a:>", "a data type is missing here", ">"),
        ("union<int>", "'int' is not possible here", "int"),
        ("dictionary<string,string>", "the key of a dictionary is an integer type", "string"),
        ("list<" * 80 + "int" + ">" * 80, "types nest more than 64 levels deep", "l"),
    ],
)
def test_an_error_names_the_part_and_its_place(text: str, message: str, marked: str) -> None:
    """The offset and length mark the words that are wrong."""
    with pytest.raises(DataTypeError) as caught:
        parse_type(text)

    error = caught.value
    assert error.message.startswith(message)
    assert text[error.offset : error.offset + error.length] == marked


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("strng", "did you mean 'string'?"),
        ("INT64", "did you mean 'int64'?"),
        ("varchar", "did you mean 'string'?"),
        ("datetime", "did you mean 'timestamp<microsecond>'?"),
        ("timestmp<ms>", "did you mean 'timestamp<microsecond>'?"),
        ("xyzzy", "the types are bool, int8"),
        ("list", "such as list<string>"),
        ("decimal<3>", "write it as decimal<10,2>"),
        ("time64<ms>", "use microsecond or nanosecond"),
    ],
)
def test_an_error_tells_what_to_write(text: str, hint: str) -> None:
    """The nearest name, an example, or all choices."""
    with pytest.raises(DataTypeError) as caught:
        parse_type(text)

    assert (caught.value.hint or "").startswith(hint)
