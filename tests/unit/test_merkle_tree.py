"""The frontier equals the tree that RFC 6962 defines."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.merkle_tree import (
    EMPTY_HEAD,
    Frontier,
    audit_path,
    consistency_path,
    extends,
    frontier_of,
    head_by_path,
    leaf_hash,
    path_of_next,
)


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


def path_as_defined(index: int, contents: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, word for word."""
    if len(contents) == 1:
        return []
    split = 1
    while split * 2 < len(contents):
        split *= 2
    left, right = contents[:split], contents[split:]
    if index < split:
        return [*path_as_defined(index, left), head_as_defined(right)]
    return [*path_as_defined(index - split, right), head_as_defined(left)]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_every_leaf_leads_to_the_head_by_its_path_and_by_no_other(contents: list[bytes], data: st.DataObject) -> None:
    index, size = data.draw(st.integers(0, len(contents) - 1)), len(contents)
    path, leaf, head = path_as_defined(index, contents), leaf_hash(contents[index]), head_as_defined(contents)
    assert list(audit_path([leaf_hash(content) for content in contents], index)) == path
    assert head_by_path(leaf, index, size, path) == head
    assert head_by_path(leaf_hash(b"another leaf"), index, size, path) != head
    assert head_by_path(leaf, index, size, [*path, leaf]) is None
    assert head_by_path(leaf, size, size, path) is None
    if path:
        assert head_by_path(leaf, index, size, path[:-1]) is None


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_the_path_of_the_next_leaf_is_known_before_it_comes(contents: list[bytes]) -> None:
    *before, _ = contents
    assert list(path_of_next(grown(before))) == path_as_defined(len(before), contents)


def subproof_as_defined(first: int, contents: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, section 2.1.2, word for word."""
    if first == len(contents):
        return [] if whole else [head_as_defined(contents)]
    split = 1
    while split * 2 < len(contents):
        split *= 2
    left, right = contents[:split], contents[split:]
    if first <= split:
        return [*subproof_as_defined(first, left, whole), head_as_defined(right)]
    return [*subproof_as_defined(first - split, right, False), head_as_defined(left)]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_a_later_tree_shows_that_it_begins_with_an_earlier_one(contents: list[bytes], data: st.DataObject) -> None:
    first, second = data.draw(st.integers(1, len(contents))), len(contents)
    path = consistency_path([leaf_hash(content) for content in contents], first)
    assert list(path) == subproof_as_defined(first, contents, True)
    earlier, later = head_as_defined(contents[:first]), head_as_defined(contents)
    assert extends(first, earlier, second, later, path)
    other = leaf_hash(b"another head")
    assert not extends(first, other, second, later, path)
    assert not extends(first, earlier, second, other, path)
    assert not extends(first, earlier, second, later, [*path, other])
    assert not extends(0, earlier, second, later, path)
    assert not extends(second + 1, earlier, second, later, path)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not extends(first, earlier, second, later, path[:-1])
        assert not extends(first, earlier, second, later, [*path[:at], other, *path[at + 1 :]])


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=40), st.data())
def test_no_path_leads_from_a_tree_whose_entries_were_changed(contents: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(contents) - 1))
    changed = [content + b"x" if at == 0 else content for at, content in enumerate(contents)]
    path = consistency_path([leaf_hash(content) for content in changed], first)
    assert not extends(first, head_as_defined(contents[:first]), len(contents), head_as_defined(changed), path)


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_a_frontier_that_was_written_down_is_gone_on_with(contents: list[bytes]) -> None:
    whole = grown(contents)
    assert frontier_of(whole.size, whole.peaks) == whole
    assert frontier_of(whole.size, (*whole.peaks, bytes(32))) is None
    assert frontier_of(-1, whole.peaks) is None
    assert frontier_of(2**63, (bytes(32),)) is None
    assert frontier_of(1, (b"short",)) is None
