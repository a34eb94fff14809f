"""The data protection list as a page (Markdown) and as records (for JSON). Draws only what the list says."""

from typing import Any

from kiosk.privacy.data_list import About, DataProtectionList, Element, LanguageNotListedError
from kiosk.privacy.list_words import kept_for, place_of, source_of, viewers_of
from kiosk.privacy.notice import responsible_lines

_ABOUT = {
    "en": {About.CUSTOMER: "About the customer", About.STAFF: "About staff", About.KIOSK: "About the kiosk itself"},
    "zh": {About.CUSTOMER: "关于客户", About.STAFF: "关于员工", About.KIOSK: "关于设备"},
}
_WORDS = {
    "en": {
        "title": "What is collected, why, and for how long",
        "drawn": "Drawn from `assets/data_protection_list.toml` by `kiosk data-list --markdown`; version {version}. "
        "Do not edit: a test compares. The store refuses to open when it has a column that no element names.",
        "drawn_in_force": "As it is in force at one terminal, drawn by `kiosk data-list --markdown --folder`; "
        "version {version}.",
        "responsible": "Who answers for it",
        "unnamed": "Controller, data protection officer and the authority to complain to are named by each terminal's "
        "settings (`[privacy]`); the notice and every slip show them.",
        "switched_off": "Not collected at this terminal",
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
        "elsewhere": {},
    },
    "zh": {
        "title": "收集哪些信息、为何收集、保存多久",
        "drawn": "由 `kiosk data-list --markdown --language zh` 根据 `assets/data_protection_list.toml` 生成；"
        "第 {version} 版。",
        "drawn_in_force": "某一终端现行的清单，由 `kiosk data-list --markdown --language zh --folder` 生成；"
        "第 {version} 版。",
        "responsible": "负责人",
        "unnamed": "个人信息处理者、个人信息保护负责人和投诉受理机关由各终端的设置（`[privacy]`）载明，"
        "并显示在告知内容和每张凭条上。",
        "switched_off": "本终端不收集",
        "purposes": "目的",
        "asked": "单独征求同意",
        "fields": ("原因", "目的", "依据", "来源", "是否必需", "保存", "位置", "可见人员", "去向", "营销"),
        "required": "必需",
        "optional": "自愿",
        "memory": "{names} 的内存",
        "never": "从不",
        "and": "、",
        "colon": "：",
        "elsewhere": {
            "slip": "凭条",
            "customer's copy": "客户的副本",
            "settings file": "设置文件",
            "key vault": "密钥库",
        },
    },
}


def draw_markdown(data_list: DataProtectionList, language: str = "en") -> str:
    """The whole list as a page; raise `LanguageNotListedError`."""
    words = _words(data_list, language)
    drawn = words["drawn"] if data_list.responsible is None else words["drawn_in_force"]
    lines = [f"# {words['title']}", "", drawn.format(version=data_list.version), ""]
    lines += [f"## {words['responsible']}", ""]
    lines += [f"- {line}" for line in responsible_lines(data_list, language)] or [words["unnamed"]]
    lines.append("")
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
    if data_list.switched_off:
        lines += ["", f"## {words['switched_off']}", ""]
        lines += [f"- {element.name.in_language(language)}" for element in data_list.switched_off]
    return "\n".join(lines) + "\n"


def as_records(data_list: DataProtectionList, language: str = "en") -> dict[str, Any]:
    """The whole list as plain values for JSON; raise `LanguageNotListedError`."""
    _words(data_list, language)
    return {
        "version": data_list.version,
        "language": language,
        "responsible": _responsible(data_list, language),
        "switched_off": [element.id for element in data_list.switched_off],
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
    tables: dict[tuple[str, str], list[str]] = {}
    for column in element.columns:
        tables.setdefault((column.file, column.table), []).append(column.column)
    places += [f"`{file}` `{table}` ({words['and'].join(names)})" for (file, table), names in tables.items()]
    places += [words["elsewhere"].get(place, place) for place in element.elsewhere]
    return str(words["and"].join(places))


def _responsible(data_list: DataProtectionList, language: str) -> dict[str, str] | None:
    if (named := data_list.responsible) is None:
        return None
    return {
        "controller": named.controller.in_language(language),
        "data_protection_officer": named.officer.in_language(language),
        "authority": named.authority.in_language(language),
    }


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
