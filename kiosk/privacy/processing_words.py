"""The words of the records of processing that no element of the list has. Laws are cited by article, never quoted."""

from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.privacy.data_list import About


@dataclass(frozen=True, slots=True)
class ProcessingWords:
    """In one language."""

    title: str
    about: str
    unnamed: str
    controller: str
    officer: str
    authority: str
    activity: str
    grounds: str
    subjects: str
    data: str
    special: str
    recipients: str
    transfers: str
    limits: str
    means: str
    measures_title: str
    assessment_title: str
    needed_title: str
    needed: tuple[str, ...]
    effects_title: str
    effects: tuple[str, ...]
    suited_title: str
    suited: tuple[str, ...]
    kept_title: str
    to_fill_title: str
    to_fill: tuple[str, ...]
    no_transfers: str
    nobody: str
    the_bank: str
    yes: str
    no: str
    measures: tuple[str, ...]
    subject_names: Mapping[About, str]
    means_of: Mapping[str, str]
    colon: str
    comma: str


ENGLISH = ProcessingWords(
    title="Records of processing",
    about="Drawn by `kiosk data-list --records` from version {version} of the data protection list. What only the bank"
    " knows is left open and said to be so.",
    unnamed="to be named by the bank (`[privacy]` in settings.toml)",
    controller="Controller (GDPR Art. 30(1)(a))",
    officer="Data protection officer (GDPR Art. 30(1)(a), PIPL Art. 52)",
    authority="Authority to complain to (GDPR Art. 77, PIPL Art. 65)",
    activity="Purpose (GDPR Art. 30(1)(b), PIPL Art. 56(1))",
    grounds="Legal grounds",
    subjects="Categories of data subjects (GDPR Art. 30(1)(c))",
    data="Categories of personal data (GDPR Art. 30(1)(c))",
    special="Biometric data (GDPR Art. 9, PIPL Art. 28)",
    recipients="Recipients (GDPR Art. 30(1)(d))",
    transfers="Transfers to third countries (GDPR Art. 30(1)(e), PIPL Art. 38)",
    limits="Time limits for erasure (GDPR Art. 30(1)(f), PIPL Art. 19)",
    means="Means (PIPL Art. 56(1))",
    measures_title="Security measures (GDPR Art. 30(1)(g) and 32, PIPL Art. 51)",
    assessment_title="Impact assessment (PIPL Art. 55 and 56, GDPR Art. 35)",
    needed_title="Why one is needed (PIPL Art. 55)",
    needed=(
        "Biometric data of customers who agree to the face check: sensitive personal information.",
        "Data of customers under 14 years of age, whose guardians consent: sensitive personal information.",
        "A decision made by a machine for those whom it accepts; whoever it does not accept is decided about by staff.",
    ),
    effects_title="Effects on customers, and risks (PIPL Art. 56(2))",
    effects=(
        "A face that leaks cannot be changed. Here none is ever written down or sent.",
        "Somebody else's face could be accepted, or the right person's not: the first would open an account in a wrong"
        " name, the second leads to staff and refuses nothing.",
        "A record read by somebody who may not would show name, document, address and telephone number.",
        "Who cannot or does not want to show their face could be served worse: the way without it has no more steps.",
    ),
    suited_title="Whether the measures suit the risk (PIPL Art. 56(3))",
    suited=(
        "A face lives in the memory of processes that end with the visit, cannot write and have no network.",
        "No machine says no, and none says yes to a child, to a gentler check or below a validated threshold.",
        "Records open only with the key of a member of staff who has signed in that day, and go when the account is"
        " open or the period is over.",
        "What was done can be proved later from a signed trail that names no customer.",
    ),
    kept_title="To be kept for (PIPL Art. 56)",
    to_fill_title="To be filled in by the bank",
    to_fill=(
        "Who made the assessment, and when",
        "Contact of the controller's representative, where there is one",
        "What happens to an account once it is opened in the bank's own system",
        "Error rates of the models in force, from an evaluation of the bank's own (docs/evaluation.md)",
    ),
    no_transfers="none by this terminal",
    nobody="nobody outside this terminal",
    the_bank="the bank",
    yes="yes",
    no="no",
    measures=(
        "Databases encrypted page by page (AES-256, HMAC-SHA512); keys in a vault of their own.",
        "Application records in a file of their own, under a second key that only staff can release.",
        "Face pictures, measurements and templates in memory only; the processes that held them end with the visit.",
        "Processes that see a face or a document have no network and write nothing: the operating system sees to it.",
        "Answers to the bank are signed, hold no name, and go through one TLS connection to one host.",
        "Retention runs at the start and every hour; what is erased is overwritten, in the log and free pages too.",
        "An append-only audit trail with signed heads, which holds no personal data of customers.",
        "Staff sign in with a number and a PIN of their own; a screen shows what the list lets that role see.",
    ),
    subject_names={About.CUSTOMER: "customers", About.STAFF: "bank staff", About.KIOSK: "nobody"},
    means_of={
        "application": "Read from the document by camera, typed by the customer, kept encrypted for staff.",
        "face_check": "Compared by a machine in memory with the photo in the document; nothing is kept of it.",
        "own_record": "Read from the document by camera, compared with the record, forgotten.",
        "accountability": "Signed, kept encrypted, the answer sent to the bank.",
        "operation": "Kept encrypted at the terminal.",
    },
    colon=": ",
    comma="; ",
)
CHINESE = ProcessingWords(
    title="个人信息处理活动记录",
    about="由 `kiosk data-list --records --language zh` 根据个人信息清单第 {version} 版生成。"
    "只有银行知晓的内容留空并注明。",
    unnamed="由银行填写（settings.toml 的 `[privacy]`）",
    controller="个人信息处理者（GDPR 第 30 条第 1 款 a 项）",
    officer="个人信息保护负责人（《个人信息保护法》第五十二条，GDPR 第 30 条第 1 款 a 项）",
    authority="投诉受理机关（《个人信息保护法》第六十五条，GDPR 第 77 条）",
    activity="处理目的（《个人信息保护法》第五十六条第一项，GDPR 第 30 条第 1 款 b 项）",
    grounds="法律依据",
    subjects="个人的类别（GDPR 第 30 条第 1 款 c 项）",
    data="个人信息的种类（GDPR 第 30 条第 1 款 c 项）",
    special="生物识别信息（《个人信息保护法》第二十八条，GDPR 第 9 条）",
    recipients="接收方（GDPR 第 30 条第 1 款 d 项）",
    transfers="向境外提供（《个人信息保护法》第三十八条，GDPR 第 30 条第 1 款 e 项）",
    limits="保存期限（《个人信息保护法》第十九条，GDPR 第 30 条第 1 款 f 项）",
    means="处理方式（《个人信息保护法》第五十六条第一项）",
    measures_title="安全措施（《个人信息保护法》第五十一条，GDPR 第 30 条第 1 款 g 项、第 32 条）",
    assessment_title="个人信息保护影响评估（《个人信息保护法》第五十五条、第五十六条，GDPR 第 35 条）",
    needed_title="为何需要评估（《个人信息保护法》第五十五条）",
    needed=(
        "同意人脸核验的客户的生物识别信息，属于敏感个人信息。",
        "不满十四周岁客户的信息，由监护人同意，属于敏感个人信息。",
        "机器可对通过核验者作出决定；未通过者一律由工作人员决定。",
    ),
    effects_title="对个人权益的影响及安全风险（第五十六条第二项）",
    effects=(
        "人脸一旦泄露无法更换。本机从不写入或发送人脸。",
        "可能误将他人当作本人，或未认出本人：前者会以错误的姓名开户，后者转由工作人员办理，不会拒绝。",
        "无权限者若读取记录，会看到姓名、证件、地址和电话。",
        "不能或不愿露脸的人可能得不到同等服务：不用人脸的流程步骤不会更多。",
    ),
    suited_title="保护措施是否与风险程度相适应（第五十六条第三项）",
    suited=(
        "人脸只存在于随办理结束而终止、不能写入且没有网络的进程内存中。",
        "机器从不作出拒绝；对未成年客户、简化的核验以及未经验证的阈值，也从不自动通过。",
        "记录须由当日登录的工作人员的密钥才能打开，开户后或到期即删除。",
        "事后可凭不含客户姓名的签名审计链证明所做的操作。",
    ),
    kept_title="评估报告和处理情况记录的保存期限（第五十六条）",
    to_fill_title="由银行填写",
    to_fill=(
        "评估人及评估日期",
        "个人信息处理者代表（如有）的联系方式",
        "账户在银行自有系统中开立之后的处理",
        "现行模型的错误率，以银行自行评估为准（docs/evaluation.md）",
    ),
    no_transfers="本终端不向境外提供",
    nobody="不提供给本终端以外的任何人",
    the_bank="银行",
    yes="是",
    no="否",
    measures=(
        "数据库逐页加密（AES-256、HMAC-SHA512），密钥另存于密钥库。",
        "开户申请单独成库，须由工作人员释放第二把密钥才能打开。",
        "人脸画面、测量值和特征只存于内存，相关进程随办理结束而终止。",
        "接触人脸或证件的进程没有网络，也不能写入，由操作系统强制执行。",
        "给银行的答复经签名、不含姓名，只通过一条 TLS 连接发往一个主机。",
        "启动时及每小时执行到期删除；删除的内容连同日志和空闲页一并覆盖。",
        "只可追加、链头签名的审计链，不含客户个人信息。",
        "员工以各自的工号和 PIN 登录；界面只显示清单允许该角色查看的内容。",
    ),
    subject_names={About.CUSTOMER: "客户", About.STAFF: "银行员工", About.KIOSK: "不涉及个人"},
    means_of={
        "application": "由摄像头读取证件、由客户填写，加密保存供工作人员使用。",
        "face_check": "由机器在内存中与证件照片比对，不保存任何内容。",
        "own_record": "由摄像头读取证件，与记录比对后即清除。",
        "accountability": "签名并加密保存，答复发送至银行。",
        "operation": "加密保存于本终端。",
    },
    colon="：",
    comma="；",
)
WORDS: Mapping[str, ProcessingWords] = {"en": ENGLISH, "zh": CHINESE}
