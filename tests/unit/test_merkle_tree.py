"""The frontier equals the tree that RFC 6962 defines."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.merkle_tree import EMPTY_HEAD, Frontier, leaf_hash


def head_as_defined(contents: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not contents:
        return hashlib.sha256(b"").digest()
    if len(contents) == 1:
        return hashlib.sha256(b"\x00" + contents[0]).digest()
    split = 1
    while split * 2 < len(contents):
        split *= 2
    left, right = head_as_defined(contents[:split]), head_as_defined(contents[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(contents: list[bytes]) -> Frontier:
    frontier = Frontier()
    for content in contents:
        frontier = frontier.appended(leaf_hash(content))
    return frontier


def test_the_empty_tree_has_the_head_of_the_standard() -> None:
    assert Frontier().head() == EMPTY_HEAD
    assert EMPTY_HEAD.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_head_of_the_standards_own_example() -> None:
    """The eight inputs of Certificate Transparency's reference tests."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    head = grown([bytes.fromhex(text) for text in inputs]).head()
    assert head.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_frontier_has_the_head_the_standard_defines(contents: list[bytes]) -> None:
    frontier = grown(contents)
    assert frontier.head() == head_as_defined(contents)
    assert frontier.size == len(contents)
    assert len(frontier.peaks) == len(contents).bit_count()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_any_change_of_any_entry_changes_the_head(contents: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(contents) - 1))
    change = data.draw(st.sampled_from(["edit", "drop", "repeat"]))
    changed = list(contents)
    if change == "edit":
        changed[at] += b"x"
    elif change == "drop":
        del changed[at]
    else:
        changed.insert(at, changed[at])
    assert grown(changed).head() != grown(contents).head()


def test_a_node_cannot_pass_for_a_leaf() -> None:
    two = grown([b"a", b"b"])
    joined = leaf_hash(b"a") + leaf_hash(b"b")
    assert grown([joined]).head() != two.head()
