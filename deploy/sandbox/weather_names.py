"""The Observatory's names for warnings, signals and districts, in its three languages."""


def named(en: str, tc: str, sc: str) -> dict[str, str]:
    """One name in each language."""
    return {"en": en, "tc": tc, "sc": sc}


STATEMENTS = {
    "WFIRE": named("Fire Danger Warning", "火災危險警告", "火灾危险警告"),
    "WFROST": named("Frost Warning", "霜凍警告", "霜冻警告"),
    "WHOT": named("Very Hot Weather Warning", "酷熱天氣警告", "酷热天气警告"),
    "WCOLD": named("Cold Weather Warning", "寒冷天氣警告", "寒冷天气警告"),
    "WMSGNL": named("Strong Monsoon Signal", "強烈季候風信號", "强烈季候风信号"),
    "WRAIN": named("Rainstorm Warning Signal", "暴雨警告信號", "暴雨警告信号"),
    "WFNTSA": named(
        "Special Announcement on Flooding in the Northern New Territories",
        "新界北部水浸特別報告",
        "新界北部水浸特别报告",
    ),
    "WL": named("Landslip Warning", "山泥傾瀉警告", "山泥倾泻警告"),
    "WTCSGNL": named("Tropical Cyclone Warning Signal", "熱帶氣旋警告信號", "热带气旋警告信号"),
    "WTMW": named("Tsunami Warning", "海嘯警告", "海啸警告"),
    "WTS": named("Thunderstorm Warning", "雷暴警告", "雷暴警告"),
    "WTCPRE8": named(
        "Pre-no. 8 Special Announcement",
        "預警八號熱帶氣旋警告信號之特別報告",
        "预警八号热带气旋警告信号之特别报告",
    ),
}
TYPES = {
    "TC1": named("Standby Signal No. 1", "一號戒備信號", "一号戒备信号"),
    "TC3": named("Strong Wind Signal No. 3", "三號強風信號", "三号强风信号"),
    "TC8NE": named(
        "No. 8 Northeast Gale or Storm Signal", "八號東北烈風或暴風信號", "八号东北烈风或暴风信号"
    ),
    "TC8SE": named(
        "No. 8 Southeast Gale or Storm Signal", "八號東南烈風或暴風信號", "八号东南烈风或暴风信号"
    ),
    "TC8SW": named(
        "No. 8 Southwest Gale or Storm Signal", "八號西南烈風或暴風信號", "八号西南烈风或暴风信号"
    ),
    "TC8NW": named(
        "No. 8 Northwest Gale or Storm Signal", "八號西北烈風或暴風信號", "八号西北烈风或暴风信号"
    ),
    "TC9": named(
        "Increasing Gale or Storm Signal No. 9",
        "九號烈風或暴風風力增強信號",
        "九号烈风或暴风风力增强信号",
    ),
    "TC10": named("Hurricane Signal No. 10", "十號颶風信號", "十号飓风信号"),
    "WRAINA": named("Amber", "黃色", "黄色"),
    "WRAINR": named("Red", "紅色", "红色"),
    "WRAINB": named("Black", "黑色", "黑色"),
    "WFIREY": named("Yellow", "黃色", "黄色"),
    "WFIRER": named("Red", "紅色", "红色"),
}
DISTRICTS = {
    "en": [
        "Central & Western District",
        "Eastern District",
        "Kwai Tsing",
        "Islands District",
        "North District",
        "Sai Kung",
        "Sha Tin",
        "Southern District",
        "Tai Po",
        "Tsuen Wan",
        "Tuen Mun",
        "Wan Chai",
        "Yuen Long",
        "Yau Tsim Mong",
        "Sham Shui Po",
        "Kowloon City",
        "Wong Tai Sin",
        "Kwun Tong",
    ],
    "tc": [
        "中西區",
        "東區",
        "葵青",
        "離島區",
        "北區",
        "西貢",
        "沙田",
        "南區",
        "大埔",
        "荃灣",
        "屯門",
        "灣仔",
        "元朗",
        "油尖旺",
        "深水埗",
        "九龍城",
        "黃大仙",
        "觀塘",
    ],
    "sc": [
        "中西区",
        "东区",
        "葵青",
        "离岛区",
        "北区",
        "西贡",
        "沙田",
        "南区",
        "大埔",
        "荃湾",
        "屯门",
        "湾仔",
        "元朗",
        "油尖旺",
        "深水埗",
        "九龙城",
        "黄大仙",
        "观塘",
    ],
}
