"""The texts about settings of notifications that are not valid, in Spanish and English."""

from collections.abc import Mapping

from alerta_utec.domain.messages import DEFAULT_LANG, Lang

_TEXTS: Mapping[str, tuple[str, str]] = {
    # A rules file as a whole.
    "unreadable": ("No se puede leer {path}: {error}", "{path} cannot be read: {error}"),
    "file_too_large": ("{path} supera {max} KB", "{path} is over {max} KB"),
    "not_utf8": ("{path} no está en UTF-8", "{path} is not in UTF-8"),
    "not_yaml": ("No es YAML válido ({error})", "It is not valid YAML ({error})"),
    "not_yaml_here": ("no es YAML válido ({error})", "it is not valid YAML ({error})"),
    "not_yaml_unknown": ("no se entiende", "it cannot be parsed"),
    "no_rules": (
        "Debe ser una lista de reglas, y tener alguna («- name: …»)",
        "It must be a list of rules, with one at least (“- name: …”)",
    ),
    "too_many_rules": ("Admite {max} reglas como máximo", "It takes {max} rules at most"),
    "too_many_recipients": (
        "Un tema de SNS admite {max} destinatarios, y hay {count}",
        "An SNS topic takes {max} recipients, and there are {count}",
    ),
    "email_repeated": (
        "{email} lo recibe todo por el parámetro email; quítelo de uno de los dos",
        "{email} gets everything by the parameter email; take it out of one of the two",
    ),
    # One rule; ``{key}`` is a key of the file.
    "not_mapping": (
        "debe tener claves, como «name: Guardia»",
        "it must have keys, such as “name: Guard”",
    ),
    "unknown_key": (
        "«{key}» no es una clave; las hay: {keys}",
        "“{key}” is not a key; the keys are {keys}",
    ),
    "repeated_key": ("{key} está dos veces", "{key} is there twice"),
    "missing_key": ("falta {key}", "{key} is missing"),
    "repeated_name": (
        "ya hay otra regla con ese nombre",
        "there is another rule with that name",
    ),
    # One value.
    "value_count": ("admite de 1 a {max} valores", "it takes 1 to {max} values"),
    "not_text": ("debe ser un texto", "it must be a text"),
    "not_text_shown": (
        "«{value}» debe ser un texto; escríbalo entre comillas",
        "“{value}” must be a text; put it in quotes",
    ),
    "not_text_quotes": (
        "debe ser un texto; escríbalo entre comillas",
        "it must be a text; put it in quotes",
    ),
    "length": (
        "debe tener de 1 a {max} caracteres",
        "it must have 1 to {max} characters",
    ),
    "not_line": ("debe ser una línea de texto", "it must be a line of text"),
    "not_urgency": (
        "debe ser medium o high; una urgencia baja no da aviso",
        "it must be medium or high; a low urgency gives no notification",
    ),
    "star_first": (
        "el * va al final, detrás de un texto",
        "the * goes last, behind a text",
    ),
    "star_inside": ("el * solo vale al final", "the * counts only at the end"),
    "not_hours": ("debe ser como «22:00-06:00»", "it must be like “22:00-06:00”"),
    "empty_hours": (
        "debe empezar y acabar a horas distintas, hasta las 24:00",
        "it must begin and end at different times, up to 24:00",
    ),
    "not_day": ("un día es {spanish}, o mon … sun", "a day is {english}, or lun … dom"),
    "not_switch": ("debe ser true o false", "it must be true or false"),
    # One recipient.
    "variable_unset": ("la variable {name} no está puesta", "the variable {name} is not set"),
    "not_recipient": (
        "un destinatario es un correo, una URL de Apprise (tgram://…), un teléfono como "
        "+51999999999 o env:VARIABLE",
        "a recipient is an e-mail address, an Apprise URL (tgram://…), a telephone such as "
        "+51999999999 or env:VARIABLE",
    ),
    "no_text_messages": (
        "una máquina no envía SMS; use la URL de Apprise de un servicio que los envíe",
        "one machine sends no text messages; use the Apprise URL of a service that does",
    ),
    "unknown_service": (
        "no es una URL que Apprise conozca",
        "it is not a URL that Apprise knows",
    ),
    "no_apprise": (
        "en AWS no hay Apprise; use un correo o un teléfono",
        "on AWS there is no Apprise; use an e-mail address or a telephone",
    ),
    # The mail settings of one machine.
    "mail_scheme": (
        "La URL de correo debe empezar como smtp://, smtps:// u otra de Apprise.",
        "The mail URL must begin like smtp://, smtps:// or one of Apprise's.",
    ),
    "mail_url": (
        "La URL de correo debe ser como smtp://usuario:clave@servidor:587.",
        "The mail URL must be like smtp://user:password@server:587.",
    ),
    "mail_options": (
        "La única opción de una URL smtp:// es starttls=required, offered u off.",
        "The only option of an smtp:// URL is starttls=required, offered or off.",
    ),
    "mail_password": (
        "Con usuario y clave, starttls debe ser required.",
        "With a user and a password, starttls must be required.",
    ),
    "mail_service": (
        "La URL de correo {scheme}://… no es una que Apprise conozca.",
        "The mail URL {scheme}://… is not one that Apprise knows.",
    ),
    "mail_address": (
        "«{address}» no es una dirección de correo.",
        "“{address}” is not an e-mail address.",
    ),
    "mail_recipients": (
        "Falta al menos un destinatario para el correo.",
        "At least one recipient for e-mail is missing.",
    ),
    "mail_not_smtp": (
        "Las reglas tienen direcciones de correo, y la URL de correo no es smtp:// ni smtps://.",
        "The rules name e-mail addresses, and the mail URL is neither smtp:// nor smtps://.",
    ),
    "mail_phone": (
        "{recipient}: una máquina no envía SMS.",
        "{recipient}: one machine sends no text messages.",
    ),
}


def settings_text(key: str, lang: Lang = DEFAULT_LANG, /, **params: object) -> str:
    """Return the text ``key`` in a language.

    Raises:
        KeyError: there is no such text, or a parameter is missing.
    """
    spanish, english = _TEXTS[key]
    return (spanish if lang == "es" else english).format_map(params)
