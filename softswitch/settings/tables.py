"""All tables of the settings file in one model, which environment variables override."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from softswitch.settings.connections import Connection, MessageRouteSettings, MessageSettings
from softswitch.settings.dialplan.addressbooks import Addressbook
from softswitch.settings.dialplan.budgets import BudgetSettings
from softswitch.settings.dialplan.calendars import CalendarSettings
from softswitch.settings.dialplan.emergency import EmergencySettings
from softswitch.settings.dialplan.routes import ClassSettings, DiallingSettings, RouteSettings
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.exchange.announcements import AnnouncementSettings
from softswitch.settings.exchange.call_codes import CallCodeSettings
from softswitch.settings.exchange.codes import CodeSettings
from softswitch.settings.exchange.events import EventSettings, WebhookSettings
from softswitch.settings.exchange.lamps import LampListSettings, LampSettings
from softswitch.settings.exchange.prompts import PromptSettings
from softswitch.settings.exchange.provisioning import ProvisioningSettings
from softswitch.settings.exchange.sentences import SentenceSettings
from softswitch.settings.exchange.voicemail import VoicemailSettings
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.mistakes import PREFIX
from softswitch.settings.server import (
    AuditSettings,
    GuardSettings,
    HistorySettings,
    HttpSettings,
    LimitSettings,
    LoggingSettings,
    MediaSettings,
    NotificationSettings,
    OzmlSettings,
    ShutdownSettings,
    SipSettings,
    StorageSettings,
    TraceSettings,
)
from softswitch.settings.tls import TlsSettings


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__"
    )

    sip: SipSettings = SipSettings()
    tls: TlsSettings = TlsSettings()
    media: MediaSettings = Field(default_factory=MediaSettings)
    http: HttpSettings = HttpSettings()
    storage: StorageSettings = StorageSettings()
    ozml: OzmlSettings = OzmlSettings()
    history: HistorySettings = HistorySettings()
    audit: AuditSettings = AuditSettings()
    events: EventSettings = EventSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    notifications: NotificationSettings = NotificationSettings()
    guard: GuardSettings = GuardSettings()
    limits: LimitSettings = LimitSettings()
    lamps: LampSettings = LampSettings()
    lamp_lists: tuple[LampListSettings, ...] = ()
    provisioning: ProvisioningSettings = ProvisioningSettings()
    logging: LoggingSettings = LoggingSettings()
    trace: TraceSettings = TraceSettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    extensions: tuple[Annotated[AnyExtension, Field(discriminator="type")], ...] = ()
    trunks: tuple[TrunkSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    classes: tuple[ClassSettings, ...] = ()
    dialling: DiallingSettings = DiallingSettings()
    budgets: tuple[BudgetSettings, ...] = ()
    emergency: EmergencySettings = EmergencySettings()
    announcements: AnnouncementSettings = AnnouncementSettings()
    sentences: SentenceSettings = SentenceSettings()
    calendars: tuple[CalendarSettings, ...] = ()
    addressbooks: tuple[Addressbook, ...] = ()
    prompts: tuple[PromptSettings, ...] = ()
    codes: CodeSettings = CodeSettings()
    call_codes: CallCodeSettings = CallCodeSettings()
    voicemail: VoicemailSettings = VoicemailSettings()
    connections: tuple[Connection, ...] = ()
    messages: MessageSettings = MessageSettings()
    message_routes: tuple[MessageRouteSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the values that `load` read from the file."""
        return Environment(settings_cls), init_settings


class Environment(EnvSettingsSource):
    """Environment variables of which only those that look like JSON are read as JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Leave `10000-19999` and `127.0.0.1:9509` to the readers of the models."""
        if isinstance(value, str) and value[:1] not in ("[", "{"):
            return value
        return super().decode_complex_value(field_name, field, value)
