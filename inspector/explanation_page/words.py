"""The words of the report, in each language that it speaks; the same keys in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]

_EN = {
    "language": "en",
    "title": "Why this part was judged {decision}",
    "PASS": "PASS",
    "REJECT": "REJECT",
    "REVIEW": "REVIEW",
    "simulated": "IS SIMULATED: this part was replayed, not produced.",
    "serial": "Serial",
    "no_serial": "no serial",
    "line": "Line",
    "camera": "Camera",
    "frame": "Frame",
    "captured": "Picture taken",
    "decided": "Decided",
    "verdict_id": "Verdict number",
    "reason": "Reason on record",
    "score": "score",
    "by_score_REJECT": "Score {score:.3f}: at or above {reject_at:.3f} rejects.",
    "by_score_REVIEW": (
        "Score {score:.3f}: between {pass_below:.3f} and {reject_at:.3f} a person "
        "looks."
    ),
    "by_score_PASS": "Score {score:.3f}: below {pass_below:.3f} passes.",
    "by_fault": (
        "Not decided by a score: the part could not be judged ({fault}). No log line "
        "and no region of the picture would have changed that."
    ),
    "scale_title": "Where the scores lie",
    "scale_caption": (
        "0 is good, 1 is defective. Dashed lines are the thresholds of this verdict."
    ),
    "picture_alone": "picture alone",
    "log_alone": "log alone",
    "fused": "verdict",
    "picture_title": "The region that decided",
    "picture_plain": "As the camera took it",
    "picture_heat": (
        "Where the model sees a defect: red is the hottest, {hottest:.3f} of 1"
    ),
    "picture_outline": "The region that flips the verdict when it is covered",
    "picture_covered": (
        "The same, covered with surface from elsewhere in it: score {score:.3f}"
    ),
    "picture_not_looked_at": (
        "The picture was not looked at on this route, so there is no region to show."
    ),
    "picture_missing": "There is no picture of this part.",
    "defect": "Likeliest kind of defect, if there is one: {defect}",
    "flow_title": "Attention flow",
    "flow_caption": (
        "Left: the log lines and cells that weighed most. Width is weight. How much of "
        "the verdict is the log's and how much the picture's was measured by judging "
        "the part without one and without the other."
    ),
    "flow_log": "log",
    "flow_picture": "picture",
    "flow_raises": "{side} {share}, raises the score",
    "flow_lowers": "{side} {share}, lowers the score",
    "flow_other_lines": "{count} other log lines",
    "flow_other_cells": "rest of the picture",
    "flow_cell": "cell row {row}, column {column}",
    "log_title": "The log lines that decided",
    "log_caption": (
        "Heaviest first. Weight: the line's share of the log's say. Effect: how far "
        "the score falls if this line alone is taken out, measured by judging again."
    ),
    "log_unweighed": "This model tells no weights; lines are ordered by their effect.",
    "log_none": "No log line concerned this part.",
    "number": "No.",
    "time": "Time (UTC)",
    "before": "Before the picture",
    "station": "Station",
    "level": "Level",
    "text": "Text",
    "weight": "Weight",
    "effect": "Effect",
    "log_context": "Log at the time of the decision: {context}",
    "context_complete": "complete",
    "context_partial": "partial, the wait for it was over",
    "context_late": "late, no line had come in time",
    "context_missing": "missing",
    "flip_title": "What would flip it",
    "flip_caption": (
        "Found by taking things away and asking the same model and the same rules "
        "again, {reruns} times."
    ),
    "means_lines": "Log lines",
    "means_region": "Region",
    "means_both": "Both together",
    "flip_lines": (
        "Without log line(s) {lines} the score is {score:.3f} and the verdict "
        "{decision}."
    ),
    "flip_region": (
        "With {cells} cell(s) of the picture covered ({share:.1f} % of it), the score "
        "is {score:.3f} and the verdict {decision}."
    ),
    "flip_both": (
        "Without log line(s) {lines} and with {cells} cell(s) covered ({share:.1f} % "
        "of the picture), the score is {score:.3f} and the verdict {decision}."
    ),
    "flip_smallest": "No smaller set does it: every one was tried.",
    "flip_irreducible": (
        "Nothing in it can be put back. A smaller set of another make was not excluded."
    ),
    "flip_nothing_lines": (
        "Nothing that was tried: no single line, no pair of the {pairs} most moving "
        "lines, and no larger set up to the whole log gives {decision}."
    ),
    "flip_nothing_region": (
        "Nothing that was tried: no region up to {largest:.0f} % of the picture, "
        "covered, gives {decision}."
    ),
    "flip_nothing_both": (
        "Nothing that was tried: not even all helpful log lines with up to "
        "{largest:.0f} % of the picture give {decision}."
    ),
    "flip_without_log": "Without any log the score is {score:.3f}: {decision}.",
    "flip_without_picture": "By the log alone the score is {score:.3f}.",
    "route_title": "Route, stages and versions",
    "route": "Route",
    "route_both": "picture and log",
    "route_picture": "picture alone",
    "route_log": "log alone",
    "route_none": "nothing was scored",
    "look": "Look at the picture",
    "look_glance": "a glance",
    "look_full": "full",
    "latency": "From the picture's arrival to the decision",
    "stages_title": "Time of each stage, ms",
    "stage_queue": "waiting for its turn",
    "stage_window": "waiting for the log",
    "stage_decode": "decoding",
    "stage_log_lines": "reading new log lines",
    "stage_route": "choosing the route",
    "stage_log_context": "reading the log together",
    "stage_glance": "glancing at the picture",
    "stage_picture": "looking at it in full",
    "stage_fusion": "fusion",
    "stage_drift": "watching for drift",
    "stage_decide": "deciding",
    "trunk": "Trunk",
    "branch": "Branch",
    "settings": "Settings",
    "evidence": "Picture on record",
    "version": "version",
    "again": "Judged again for this report: score {again:.4f}, on record {score:.4f}.",
    "reading_title": "How to read this",
    "reading_1": (
        "Weights say where the model looked. What flips the verdict says what it "
        "rested on; where the two disagree, believe the flip: it was tried."
    ),
    "reading_2": (
        "A region is taken away by covering it with surface from elsewhere in the "
        "picture. The cover may leave a trace of the defect, or bring another along."
    ),
    "reading_3": (
        "This explains the model, not the part: a line that flips the verdict need not "
        "be the cause of the defect. Only a person at the part can say that."
    ),
}

_ZH = {
    "language": "zh-CN",
    "title": "判定说明：该件为何{decision}",
    "PASS": "合格 PASS",
    "REJECT": "剔除 REJECT",
    "REVIEW": "复检 REVIEW",
    "simulated": "模拟数据 IS SIMULATED：该件为回放，并非实际生产。",
    "serial": "序列号",
    "no_serial": "无序列号",
    "line": "产线",
    "camera": "相机",
    "frame": "帧号",
    "captured": "拍摄时间",
    "decided": "判定时间",
    "verdict_id": "判定编号",
    "reason": "记录的理由",
    "score": "得分",
    "by_score_REJECT": "得分 {score:.3f}：达到或高于 {reject_at:.3f} 即剔除。",
    "by_score_REVIEW": (
        "得分 {score:.3f}：介于 {pass_below:.3f} 与 {reject_at:.3f} 之间，由人工复检。"
    ),
    "by_score_PASS": "得分 {score:.3f}：低于 {pass_below:.3f} 即合格。",
    "by_fault": (
        "并非由得分判定：该件无法判定（{fault}）。去掉任何日志行或图像区域都不会改变结果。"
    ),
    "scale_title": "各项得分的位置",
    "scale_caption": "0 为良品，1 为缺陷。虚线为本次判定所用的阈值。",
    "picture_alone": "仅图像",
    "log_alone": "仅日志",
    "fused": "判定",
    "picture_title": "起决定作用的区域",
    "picture_plain": "相机原图",
    "picture_heat": "模型认为有缺陷之处：红色最强，最高为 {hottest:.3f}（满分 1）",
    "picture_outline": "遮盖后会改变判定的区域",
    "picture_covered": "用别处的表面遮盖该区域之后：得分 {score:.3f}",
    "picture_not_looked_at": "本路径未查看图像，因此没有可显示的区域。",
    "picture_missing": "该件没有图像。",
    "defect": "若有缺陷，最可能的类型：{defect}",
    "flow_title": "注意力流向",
    "flow_caption": (
        "左侧为权重最大的日志行和图像单元，宽度即权重。日志与图像各占多少，"
        "是分别去掉其中一项后重新判定而测得的。"
    ),
    "flow_log": "日志",
    "flow_picture": "图像",
    "flow_raises": "{side} {share}，抬高得分",
    "flow_lowers": "{side} {share}，拉低得分",
    "flow_other_lines": "其余 {count} 行日志",
    "flow_other_cells": "图像其余部分",
    "flow_cell": "单元：第 {row} 行第 {column} 列",
    "log_title": "起决定作用的日志行",
    "log_caption": (
        "按权重从大到小。权重：该行在日志意见中所占的份额。"
        "影响：单独去掉该行后得分下降多少，由重新判定测得。"
    ),
    "log_unweighed": "该模型不给出权重，日志行按影响排列。",
    "log_none": "没有与该件相关的日志行。",
    "number": "序号",
    "time": "时间 (UTC)",
    "before": "距拍摄",
    "station": "工位",
    "level": "级别",
    "text": "内容",
    "weight": "权重",
    "effect": "影响",
    "log_context": "判定时的日志状态：{context}",
    "context_complete": "完整",
    "context_partial": "不完整，等待时间已到",
    "context_late": "迟到，没有一行及时到达",
    "context_missing": "缺失",
    "flip_title": "什么会改变判定",
    "flip_caption": "去掉部分内容后，用同一模型、同一规则重新判定 {reruns} 次得出。",
    "means_lines": "日志行",
    "means_region": "图像区域",
    "means_both": "两者同时",
    "flip_lines": "去掉日志行 {lines} 后，得分为 {score:.3f}，判定为{decision}。",
    "flip_region": (
        "遮盖图像的 {cells} 个单元（占 {share:.1f} %）后，得分为 {score:.3f}，"
        "判定为{decision}。"
    ),
    "flip_both": (
        "去掉日志行 {lines} 并遮盖 {cells} 个单元（占图像 {share:.1f} %）后，"
        "得分为 {score:.3f}，判定为{decision}。"
    ),
    "flip_smallest": "没有更小的组合能做到：更小的组合已全部试过。",
    "flip_irreducible": "其中任何一项都不能放回。不排除另有组成不同的更小组合。",
    "flip_nothing_lines": (
        "所有尝试均未奏效：任何单独一行、影响最大的 {pairs} 行中的任何两行、"
        "直至全部日志，都不会使判定变为{decision}。"
    ),
    "flip_nothing_region": (
        "所有尝试均未奏效：遮盖图像至多 {largest:.0f} % 的区域，"
        "不会使判定变为{decision}。"
    ),
    "flip_nothing_both": (
        "所有尝试均未奏效：去掉所有起作用的日志行并遮盖图像至多 {largest:.0f} %，"
        "也不会使判定变为{decision}。"
    ),
    "flip_without_log": "完全没有日志时，得分为 {score:.3f}：{decision}。",
    "flip_without_picture": "仅凭日志，得分为 {score:.3f}。",
    "route_title": "路径、各阶段与版本",
    "route": "路径",
    "route_both": "图像与日志",
    "route_picture": "仅图像",
    "route_log": "仅日志",
    "route_none": "未评分",
    "look": "图像查看程度",
    "look_glance": "略看",
    "look_full": "完整查看",
    "latency": "从图像到达到判定",
    "stages_title": "各阶段用时（毫秒）",
    "stage_queue": "排队",
    "stage_window": "等待日志",
    "stage_decode": "解码",
    "stage_log_lines": "读取新日志行",
    "stage_route": "选择路径",
    "stage_log_context": "综合读取日志",
    "stage_glance": "略看图像",
    "stage_picture": "完整查看图像",
    "stage_fusion": "融合",
    "stage_drift": "监视漂移",
    "stage_decide": "判定",
    "trunk": "主干",
    "branch": "分支",
    "settings": "设置",
    "evidence": "存档图像",
    "version": "版本",
    "again": "为本报告重新判定：得分 {again:.4f}，存档得分 {score:.4f}。",
    "reading_title": "如何阅读本报告",
    "reading_1": (
        "权重说明模型看了哪里；“什么会改变判定”说明判定依据什么。"
        "两者不一致时，以后者为准：那是实际试过的。"
    ),
    "reading_2": (
        "去掉一个区域，是用同一图像中别处的表面把它遮盖。"
        "遮盖处可能留下缺陷的痕迹，也可能带来别处的缺陷。"
    ),
    "reading_3": (
        "本报告解释的是模型，不是零件：会改变判定的日志行未必是缺陷的原因。"
        "只有在现场查看零件的人才能断定。"
    ),
}

WORDS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "zh": _ZH}
"""Every sentence of the report; what stands in braces is filled in."""
