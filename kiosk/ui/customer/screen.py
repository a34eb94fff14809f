"""The customer's screen at one size: header, steps, the page of the phase, footer. Swaps pages; decides nothing."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtGui import QResizeEvent

from kiosk.privacy.notice import Notice
from kiosk.runtime.surface import CustomerSurface, SessionView
from kiosk.session.events import Cancelled, ConsentWithdrawn, FaceDeclined, Language, OwnRecordAsked
from kiosk.session.machine import OWN_RECORD_PHASES, Phase, Session
from kiosk.ui.customer.footer import Footer, may_withdraw, without_face
from kiosk.ui.customer.header import Header
from kiosk.ui.customer.light_screen import LightScreen
from kiosk.ui.customer.page import Page, PageContext, Typed
from kiosk.ui.customer.pages import OWN_STEPS, PAGES, STEP_OF_PHASE, STEPS
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, Theme
from kiosk.ui.widgets.progress_steps import ProgressSteps
from kiosk.ui.widgets.surfaces import Area, column, discard, side_by_side

_BEFORE_LANGUAGE = (Phase.IDLE, Phase.CHOOSING_LANGUAGE, Phase.OWN_LANGUAGE)


class CustomerScreen(Area):
    """A page lives only as long as its phase and language."""

    def __init__(
        self,
        theme: Theme,
        surface: CustomerSurface,
        notices: Mapping[Language, Notice],
        texts: Sequence[Texts],
        bank_name: str,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(Colour.BACKGROUND)
        self._theme = theme
        self._surface = surface
        self._notices = notices
        self._all_texts = texts
        self._clock = clock
        self._page: Page | None = None
        self._built_for: tuple[Phase, Language] | None = None
        self._typed = Typed()
        self.header = Header(theme, bank_name)
        self._steps = ProgressSteps(theme)
        self._footer = Footer(theme)
        self._footer.cancelled.connect(self._leave)
        self._footer.withdrawn.connect(lambda: surface.send(ConsentWithdrawn()))
        self._footer.face_declined.connect(lambda: surface.send(FaceDeclined()))
        self._footer.own_record_asked.connect(lambda: surface.send(OwnRecordAsked()))
        self._place = column(None, theme)
        self._lay_out()
        self._light = LightScreen(theme, surface.preview_pixels, self)
        self._light.stopped.connect(lambda: surface.send(FaceDeclined()))

    @property
    def page(self) -> Page | None:
        return self._page

    def show_view(self, view: SessionView) -> None:
        """Show a view; a page is built anew whenever the phase or the language changes."""
        texts = self.texts_of(view.session)
        key = (view.session.phase, texts.language)
        if key != self._built_for:
            self._built_for = key
            self._replace_page(view.session.phase, texts)
        if self._page is not None:
            self._page.show_view(view)
            self._page.show()  # at once, not at the event loop's next turn
        mark = self._mark(view, texts)
        self.header.show_mark(mark)
        words = texts("liveness.light"), texts("liveness.light_stop"), mark
        self._light.show_light(view.colour, *words)
        before_choice = view.session.phase in _BEFORE_LANGUAGE
        self._footer.show_view(view, self._all_texts if before_choice else (texts,))
        self._show_step(view.session, texts)

    def _mark(self, view: SessionView, texts: Texts) -> str:
        """What this kiosk is, where it is none for customers."""
        if not (view.demo or view.trial_key):
            return ""
        key = "header.demo" if view.demo else "header.trial_key"
        return texts(f"{key}_short" if self._theme.portrait else key)

    def rest(self) -> None:
        """Take no touch on the page for a moment."""
        if self._page is not None:
            self._page.rest()

    def texts_of(self, session: Session) -> Texts:
        """The visit's language; before one is chosen, the branch's."""
        if session.phase in _BEFORE_LANGUAGE:
            return self._all_texts[0]
        return next(texts for texts in self._all_texts if texts.language == session.language)

    def _leave(self) -> None:
        """The footer's words said which of the two it is."""
        phase = self._surface.view.session.phase
        self._surface.send(ConsentWithdrawn() if may_withdraw(phase) else Cancelled())

    def _lay_out(self) -> None:
        layout = column(self, self._theme)
        layout.addWidget(self.header)
        middle = side_by_side(self._theme, gap=0)
        middle.addWidget(self._steps)
        middle.addLayout(self._place, 1)
        layout.addLayout(middle, 1)
        layout.addWidget(self._footer)

    def _replace_page(self, phase: Phase, texts: Texts) -> None:
        """Build the phase's page and throw the old one away; at the end of a visit, with all that was typed."""
        if phase is Phase.IDLE:
            self._typed = Typed()
        old = self._page
        notice = self._notices[texts.language]
        context = PageContext(self._theme, self._surface, texts, self._all_texts, notice, self._clock, self._typed)
        self._page = PAGES[phase](context)
        self._page.setObjectName(f"page-{phase}")
        self._page.setAccessibleName(texts.of(phase))
        if old is not None:
            self._place.removeWidget(old)
            discard(old)
            self._page.rest()
        self._set_margins(phase)
        self._place.addWidget(self._page)
        self._page.setFocus()  # the first Tab leads to the page's first control, and no ring shows before

    def _set_margins(self, phase: Phase) -> None:
        side = 48 if self._theme.portrait else 96 if phase is Phase.IDLE else 56
        px = self._theme.px
        self._place.setContentsMargins(px(side), px(40), px(side), px(36))

    def _show_step(self, session: Session, texts: Texts) -> None:
        step = STEP_OF_PHASE[session.phase]
        self._steps.setVisible(step is not None)
        if step is None:
            return
        steps = OWN_STEPS if session.phase in OWN_RECORD_PHASES else STEPS
        keys = ("teller" if key == "face" and without_face(session) else key for key in steps)
        names = [texts(f"steps.{key}") for key in keys]
        sentence = texts("steps.now", number=step + 1, count=len(names), name=names[step])
        self._steps.show_steps(names, step, sentence)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._light.setGeometry(self.rect())
