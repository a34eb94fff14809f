"""The data protection list as a page (Markdown) and as records (for JSON). Draws only what the list says."""

from typing import Any

from kiosk.privacy.data_list import About, DataProtectionList, Element, LanguageNotListedError
from kiosk.privacy.list_words import kept_for, place_of, source_of, viewers_of

_ABOUT = {
    "en": {About.CUSTOMER: "About the customer", About.STAFF: "About staff", About.KIOSK: "About the kiosk itself"},
    "zh": {About.CUSTOMER: "关于客户", About.STAFF: "关于员工", About.KIOSK: "关于设备"},
}
_WORDS = {
    "en": {
        "title": "What is collected, why, and for how long",
        "drawn": "Drawn from `assets/data_protection_list.toml` by `kiosk data-list --markdown`; version {version}. "
        "Do not edit: a test compares. The store refuses to open when it has a column that no element names.",
        "columns": "Columns of the encrypted store",
        "purposes": "Purposes",
        "asked": "asked for separately",
        "fields": (
            "Reason",
            "Purpose",
            "Ground",
            "Source",
            "Given",
            "Kept",
            "Held in",
            "Seen by",
            "Leaves",
            "Marketing",
        ),
        "required": "required",
        "optional": "optional",
        "memory": "memory of {names}",
        "never": "never",
        "and": ", ",
        "colon": ": ",
    },
    "zh": {
        "title": "收集哪些信息、为何收集、保存多久",
        "drawn": "由 `kiosk data-list --markdown --language zh` 根据 `assets/data_protection_list.toml` 生成；"
        "第 {version} 版。",
        "columns": "加密存储的列",
        "purposes": "目的",
        "asked": "单独征求同意",
        "fields": ("原因", "目的", "依据", "来源", "是否必需", "保存", "位置", "可见人员", "去向", "营销"),
        "required": "必需",
        "optional": "自愿",
        "memory": "{names} 的内存",
        "never": "从不",
        "and": "、",
        "colon": "：",
    },
}


def draw_markdown(data_list: DataProtectionList, language: str = "en") -> str:
    """The whole list as a page; raise `LanguageNotListedError`."""
    words = _words(data_list, language)
    lines = [f"# {words['title']}", "", words["drawn"].format(version=data_list.version), ""]
    lines += [f"## {words['purposes']}", ""]
    for purpose in data_list.purposes:
        asked = f" ({words['asked']})" if purpose.asked else ""
        explanation = purpose.explanation.in_language(language)
        lines.append(f"- **{purpose.name.in_language(language)}**{asked}{words['colon']}{explanation}")
    for about in About:
        lines += ["", f"## {_ABOUT[language][about]}"]
        for element in data_list.elements:
            if element.about is about:
                lines += ["", *_element(data_list, element, language)]
    lines += ["", f"## {words['columns']}", ""]
    owners = {column: element for element in data_list.elements for column in element.columns}
    lines += [f"- `{column}`{words['colon']}{owners[column].name.in_language(language)}" for column in sorted(owners)]
    return "\n".join(lines) + "\n"


def as_records(data_list: DataProtectionList, language: str = "en") -> dict[str, Any]:
    """The whole list as plain values for JSON; raise `LanguageNotListedError`."""
    _words(data_list, language)
    return {
        "version": data_list.version,
        "language": language,
        "elements": [_record(data_list, element, language) for element in data_list.elements],
    }


def _element(data_list: DataProtectionList, element: Element, language: str) -> list[str]:
    words = _words(data_list, language)
    values = (
        element.reason.in_language(language),
        data_list.purpose(element.purpose).name.in_language(language),
        data_list.grounds[element.ground].in_language(language),
        source_of(element, language),
        words["required"] if element.required else words["optional"],
        kept_for(element, language),
        _held(element, words),
        viewers_of(element, language),
        place_of(element, language),
        words["never"],
    )
    lines = [f"### {element.name.in_language(language)}", ""]
    return lines + [f"- {field}{words['colon']}{value}" for field, value in zip(words["fields"], values, strict=True)]


def _held(element: Element, words: dict[str, Any]) -> str:
    places = [words["memory"].format(names=words["and"].join(element.memory))]
    places += [f"`{file}`" for file in sorted({column.file for column in element.columns})]
    return str(words["and"].join((*places, *element.elsewhere)))


def _record(data_list: DataProtectionList, element: Element, language: str) -> dict[str, Any]:
    retention = element.retention
    return {
        "id": element.id,
        "about": element.about,
        "name": element.name.in_language(language),
        "reason": element.reason.in_language(language),
        "purpose": data_list.purpose(element.purpose).name.in_language(language),
        "ground": data_list.grounds[element.ground].in_language(language),
        "source": element.source,
        "required": element.required,
        "memory": list(element.memory),
        "columns": [str(column) for column in element.columns],
        "elsewhere": list(element.elsewhere),
        "retention": {"ends": retention.end, "working_days": retention.working_days, "years": retention.years},
        "kept": kept_for(element, language),
        "who": list(element.who),
        "leaves": element.leaves,
        "marketing": "never",
    }


def _words(data_list: DataProtectionList, language: str) -> dict[str, Any]:
    if language not in data_list.languages or language not in _WORDS:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    return _WORDS[language]
