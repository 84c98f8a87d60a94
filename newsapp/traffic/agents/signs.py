"""Signs of a program in a user agent that no list names: words that only programs say, and the lack of a browser's shape.

A reader's agent says what device it runs on and which engine draws the page; apps add their names
behind. A program's says what it does, whom to write to, or nothing but its name. The tables below
are words and names of kinds of things, none of single bots: those belong into the lists.
"""

from __future__ import annotations

import re


def any_of(*expressions: str) -> re.Pattern[str]:
    """For text in small letters: comparing without regard to case takes twice as long."""
    return re.compile("|".join(expressions))


# What stands in nearly every reader's agent and tells nothing; without it there is a quarter left to look at.
ORDINARY = any_of(
    r"mozilla/5\.0", r"applewebkit/[\d.]+", r"\(khtml, like gecko\)", r"(?:chrome|safari|version|edg|gecko|firefox)/[\d.]+", r"windows nt [\d.]+",
    r"win64; x64", r"intel mac os x [\d_.]+", r"like mac os x", r"linux; android",
)  # fmt: skip

# Devices, networks and apps of people with a program's word in their names.
INNOCENT = any_of(
    r"cubot", r"\b(?:id|power|[a-z])[ _]bot(?=[ _;)])", r"botdugls", r"botswana", r"\bspider \d", r"pinguino",  # phones, a country
    r"\bscan\w*[-_]?\d", r"[;/] ?scanpal",  # handhelds of a shop's stock-taking
    r"naver\(inapp; search", r"(?:yandex|sogou|quick |ya)search(?![a-z]*bot)", r"quick search tv", r"\bsearch(?:/|%2f)[\d.]+ baiduboxapp",
    r"channel/google\w*", r"google ?(?:play|app|go|home|pixel|tv)\w*", r"androiddownloadmanager", r"speedmode; proxy", r"up\.link",
    r"(?:from: )?https?://(?:www\.)?bsalsa\.com\S*", r"firephp/\S+", r"java/jbed", r"huaweijava/", r"hotjava", r"gwx:\w+", r"ant\.com toolbar",
    r"fbcr/[^;\]]*", r"\(via (?:translate|docs)\.google\.com\S*", r"^user-agent[:=]",
    r"\b(?:com|jp|org|net|de|fr|ru|cn|io|be)\.[a-z_]\w*(?:\.\w+)+",  # an Android app's name is a host's turned round
    r"chrome.?frame", r"\bfetchy\b",
)  # fmt: skip

# What programs say they are, do or are made with.
PROGRAM = any_of(
    r"bot(?![a-z])", r"bots", r"robot", r"b0t\b", r"crawl", r"spider", r"spyder", r"scrap(?:e|y|ing)", r"slurp", r"fetch", r"archive", r"archiving",
    r"index(?:er|ing)", r"harvest", r"validat", r"check(?:er|ing|link|s?\b)", r"monitor", r"scan(?:ner|ning|s)?\b", r"collector", r"extractor",
    r"grabber", r"hunter\b", r"synthetic", r"survey", r"research", r"search\b", r"\bagent\b", r"verif", r"inspect", r"detector", r"track(?:er|ing)\b",
    r"submit", r"transcod", r"sucker", r"screenshot", r"thumbnail", r"favicon", r"uptime", r"\bping", r"probe", r"health-?check", r"\baudit",
    r"\bseo\b", r"analy[sz]er", r"pars(?:er|ing)\b", r"sitemap", r"prerender", r"measurement", r"status\b", r"webpage ?test", r"page ?speed",
    r"lighthouse", r"observatory", r"finder\b", r"(?:link|url|uri|web|google|site|page|bing|mail)[\W_]?preview",
    r"(?:image|email|mail|img|web|news)[\W_]?proxy", r"via \S*(?:proxy|wayback)", r"\bfeed", r"feed(?:er|s)?\b", r"\brss\b",
    r"headless", r"phantom\.?js", r"slimerjs", r"casperjs", r"zombie\.js", r"selenium", r"webdriver", r"puppeteer", r"playwright", r"cypress/",
    r"wkhtmlto", r"\bsplash\b", r"curl", r"wget", r"python", r"\bperl\b", r"^ruby|\bruby/", r"\bjava/", r"\bphp\b", r"\bnode\b", r"axios", r"okhttp",
    r"\bgo-http", r"guzzle", r"libwww", r"http[-_ ]?client", r"fasthttp", r"httpstatus", r"wordpress", r"joomla", r"drupal", r"nutch", r"openvas",
    r"\bsecurity ?headers", r"googlebot", r"mutant", r"\bpreview/",
)  # fmt: skip

# Whom to ask about it: an address of the web or of mail, also in disguise.
CONTACT = any_of(
    r"https?:", r"\bwww\.", r"[\w.+-](?:@|\[at\]|\(at\)| at |; at; )[\w-]+(?:\.| dot )[a-z]{2}",
    r"[a-z-]\.(?:com|org|net|io|fr|de|co|ai|ly|gy|eu|uk)(?:/\w|[\s);,]|$)",
)  # fmt: skip

# A note in the place where browsers have none: behind the agent, or inside the engine's brackets.
NOTE = any_of(
    r"gecko.*\(compatible; (?!msie|konqueror)[^()]*\)$", r"khtml, like gecko[;,] (?!safari|hevc)[\w.]", r"\(unknown; linux (?:x86_64|i\d86)"
)

# What people hold in their hands, or watch; and the networks and players of their apps.
DEVICE = any_of(
    "android", "iphone", "ipad", "ipod", r"\bios[/ ]?\d", r"\(ios\)", "watch ?os", r"watch\d", "apple ?tv", "darwin/", "cfnetwork",
    "symb", r"series ?[3468]0", "blackberry", "bb10", "playbook", "tizen", "kaios", "web0s", "webos", r"hpw?os", "windows (?:phone|ce|mobile)",
    "palm", r"\bbada\b", "meego", "maemo", "brew", "j2me", "midp", "cldc", "nokia", "samsung", "harmony", "fuchsia", "kindle", r"\bnook\b",
    "playstation", r"\bps[345]\b", r"\bpsp\b", "nintendo", "xbox", r"\bwii", r"\b(?:oculus|quest|pico)\b", "tesla", "qtcar",
    r"tv\b", "smart-?tv", "hbbtv", "hybridcast", "viera", "aquos", "bravia", "netcast", "roku", "crkey", "brightsign", "youview", "kreatv", "vizio",
    "sonos", "tpapi", "kepler/", r"\baft\w+\)", "exoplayer", r"vlc/", "libvlc", "kodi", "xbmc",
    "mobile/", r"mobile\b", "ucweb", "ucbrowser", "uc ?browser", "mqqbrowser", "opera (?:mini|mobi|tablet)", r"up\.browser", "netfront", "obigo",
    "teleca", r"\bmaui\b", r"\bwap", "jasmine", "dolfin", "openwave", "polaris", r"\bmmp/", "jig browser", "portalmmm", "docomo", "qtwebkit",
    "podcast", r"player\b", "radio", "music",
    "fban/", "fb_iab", r"\bbuild/", "dalvik", "alamofire", "itunes", "microsoft office", r"\brisc os", "aplix",
)  # fmt: skip

# Systems on which people sit at a desk, and engines that draw pages; a browser names one of each.
DESKTOP = any_of(
    "windows", r"win(?:9\d|nt)", "macintosh", "mac os", "mac_powerpc", "x11", "linux", "cros", "bsd", "sunos", "solaris", "os/2", "haiku", "beos",
    "amiga", "qnx", "morphos", "unix", "irix", "hp-ux", r"\baix\b", "ubuntu", "fedora", "konqueror", r"rv:[\d.]+",
)  # fmt: skip
ENGINE = any_of(
    "applewebkit", "gecko", "trident", "msie", "presto", "khtml", "goanna", "servo", r"^opera", "netscape", "konqueror", r"\[[a-z-]{2,5}\]"
)
TEXT_BROWSER = any_of(r"^(?:e?links|lynx|w3m|dillo|netsurf|amaya|ncsa|icab|ibrowse|omniweb|voyager|amigavoyager|retawq|netpositive|hotjava)\b")

# A browser of the last years at a desk: its brackets, and what stands behind its engine.
RECENT = re.compile(
    r"mozilla/5\.0 \((?P<system>[^()]*(?:windows nt|macintosh|x11)[^()]*)\) ?(?:applewebkit/[\d.]+ \(khtml, like gecko\)|gecko/\d+)(?P<names>.*)$",
)
RECENT_VERSION = re.compile(r"(?:chrome|firefox)/(?:[6-9]\d|\d{3})\.|version/(?:1[2-9]|[2-9]\d)\.")
SYSTEM = re.compile(
    r"windows nt [\d.]+|macintosh|x11|(?:intel|ppc) mac os x?(?: [\d_.]+)?|linux(?: \w+)?(?: on \w+)?|cros \w+ [\d.]+|\w+bsd\b.*|sunos.*|qnx.*"
    r"|win64|wow64|x64|x86_64|arm(?:64)?|[uni]|[a-z]{2}(?:[-_][a-z]{2})?|rv:[\w.]+"
    r"|(?:ubuntu|fedora|debian)\b.*|touch|valve steam.*|chromium gost|trident/.*|",
)
# Names of desktop browsers and of what sits in them, beside those that end like one.
BROWSER = re.compile(
    r"applewebkit|khtml|like|gecko|chrome|chromium|safari|version|mobile|firefox|\w*browser\w*|\w+fox|\w+dragon|\w*toolbar\w*|gtb[\d.]+|\w*webengine"
    r"|edg\w*|op[rxt]|opera|vivaldi|yowser|sa|maxthon|mxnitro|iron|epiphany|konqueror|aol\w*|midori|qupzilla|falkon|palemoon|goanna|seamonkey"
    r"|iceweasel|thunderbird|lightning|postbox|sleipnir|lunascape|rockmelt|camino|navigator|netscape|k-meleon|basilisk|puffin|whale|brave|metasr|se|2\.x"
    r"|lbbrowser|mrchrome|dooble|otter|sputnik|iridium|arora|conkeror|dwb|min|slim\w+|avast\w*|avira\w*|aviator|whitehat|silk\S*|flock|coolnovo|iris"
    r"|duckduckgo|ddg|ecosia|norton\w*|ccleaner|safer|superbird|icab|omniweb|fluid\w*|stainless|galeon|rekonq|luakit|surf|webkitgtk\+?|qt|polarity|odin"
    r"|amigo|nichrome|torch|orbitum|kometa|sznprohlizec|perk|ghostery|colibri|beaker|wavebox|sidekick|arc|zen|floorp|mercury|thorium|chedot|blisk|atom"
    r"|360\w*|qihu\w*|theworld|tencent\w*|micromessenger|windowswechat|nettype|wxwork|dingtalk\w*|lark|feishu|flipboard|line|kakaotalk|pinterest|ucpc"
    r"|aliapp\w*|quark\w*|sogou\w*|core|viera|model|vidaa|crios|fxios|smart-?tv|hbbtv|large|screen|vr|tv|teams|slack|discord|steam|origin|creo|bmid|asw"
    r"|ubuntu|fedora|debian|suse|centos|mint|gentoo|red|hat|evernote|\d[\d.]*|[a-z]{2}-[a-z]{2}",
)


def of_a_program(agent: str) -> bool:
    """Whether it bears the signs of a program."""
    agent = agent.lower()
    said = INNOCENT.sub(" ", agent)
    told = ORDINARY.sub(" ", said)
    if PROGRAM.search(told) or CONTACT.search(told) or NOTE.search(said):
        return True
    if DEVICE.search(said) or TEXT_BROWSER.search(said):
        return False
    return not (DESKTOP.search(said) and ENGINE.search(said)) or has_a_stranger(agent)


def has_a_stranger(agent: str) -> bool:
    """Whether a recent desktop browser carries a name that is none of a browser's.

    Only recent ones: the toolbars of old days are too many to know, and apps on telephones name themselves freely.
    """
    browser = RECENT.match(agent)
    if not browser or not RECENT_VERSION.search(browser["names"]) or "electron/" in browser["names"]:
        return False
    names = re.sub(r"\([^)]*\)|\[[^\]]*\]?", " ", browser["names"]).split()
    systems = browser["system"].split(";")
    return not all(SYSTEM.fullmatch(part.strip()) for part in systems) or not all(BROWSER.fullmatch(re.split(r"[/:,;]", name)[0]) for name in names)
