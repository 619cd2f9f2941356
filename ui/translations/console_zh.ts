<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name>AlarmBar</name>
    <message>
        <source>Alarms</source>
        <translation>报警</translation>
    </message>
    <message>
        <source>{n} ALARMS</source>
        <translation>{n} 个报警</translation>
    </message>
    <message>
        <source>No alarm that nobody has seen</source>
        <translation>没有未查看的报警</translation>
    </message>
</context>
<context>
    <name>AlarmsRoom</name>
    <message>
        <source>Alarms</source>
        <translation>报警</translation>
    </message>
    <message>
        <source>Acknowledge</source>
        <translation>确认</translation>
    </message>
    <message>
        <source>Shelve for 30 minutes</source>
        <translation>搁置 30 分钟</translation>
    </message>
    <message>
        <source>Take off the shelf</source>
        <translation>取消搁置</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>优先级</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Condition</source>
        <translation>情况</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>What</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>开始于</translation>
    </message>
    <message>
        <source>By</source>
        <translation>操作人</translation>
    </message>
    <message>
        <source>Shelve</source>
        <translation>搁置</translation>
    </message>
    <message>
        <source>Why? It is kept in the record.</source>
        <translation>原因？将写入记录。</translation>
    </message>
</context>
<context>
    <name>BranchesRoom</name>
    <message>
        <source>Versions, and the parts they judged</source>
        <translation>版本及其判定的工件</translation>
    </message>
    <message>
        <source>What was done with them</source>
        <translation>操作记录</translation>
    </message>
    <message>
        <source>Roll back</source>
        <translation>回退</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>Parts</source>
        <translation>工件数</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>不合格</translation>
    </message>
    <message>
        <source>Left to a person</source>
        <translation>转人工</translation>
    </message>
    <message>
        <source>When</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Act</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>谁</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>原因</translation>
    </message>
    <message>
        <source>Roll back to {version}</source>
        <translation>回退到 {version}</translation>
    </message>
    <message>
        <source>Why? It is kept in the record.</source>
        <translation>原因？将写入记录。</translation>
    </message>
</context>
<context>
    <name>ConsoleWindow</name>
    <message>
        <source>Kiosk: only an engineer may close it</source>
        <translation>展台模式：只有工程师可以关闭</translation>
    </message>
    <message>
        <source>Inspector console</source>
        <translation>检测操作台</translation>
    </message>
    <message>
        <source>Inspector</source>
        <translation>视觉检测</translation>
    </message>
    <message>
        <source>SIMULATED: recorded parts, no real line</source>
        <translation>模拟：录制的工件，非真实产线</translation>
    </message>
    <message>
        <source>PRACTICE: nobody is logged in</source>
        <translation>练习：无人登录</translation>
    </message>
    <message>
        <source>DATABASE AWAY: reconnecting</source>
        <translation>数据库断开：正在重连</translation>
    </message>
    <message>
        <source>中文</source>
        <translation>English</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>监视</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>复核</translation>
    </message>
    <message>
        <source>Understand</source>
        <translation>分析</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>查询</translation>
    </message>
    <message>
        <source>Alarms</source>
        <translation>报警</translation>
    </message>
    <message>
        <source>Branches</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>People</source>
        <translation>人员</translation>
    </message>
    <message>
        <source>Log in</source>
        <translation>登录</translation>
    </message>
    <message>
        <source>Log out {name}</source>
        <translation>退出 {name}</translation>
    </message>
</context>
<context>
    <name>LineTile</name>
    <message>
        <source>RUNNING</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>NO PARTS</source>
        <translation>无工件</translation>
    </message>
    <message>
        <source>NO PARTS for {age}</source>
        <translation>已 {age} 无工件</translation>
    </message>
    <message>
        <source>parts</source>
        <translation>工件</translation>
    </message>
    <message>
        <source>faults</source>
        <translation>故障</translation>
    </message>
    <message>
        <source>overruns</source>
        <translation>超限</translation>
    </message>
    <message>
        <source>yield</source>
        <translation>直通率</translation>
    </message>
    <message>
        <source>parts/min</source>
        <translation>件/分</translation>
    </message>
    <message>
        <source>p99 latency</source>
        <translation>p99 时延</translation>
    </message>
    <message>
        <source>branch</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>camera</source>
        <translation>相机</translation>
    </message>
    <message>
        <source>log</source>
        <translation>日志</translation>
    </message>
</context>
<context>
    <name>LoginDialog</name>
    <message>
        <source>Log in</source>
        <translation>登录</translation>
    </message>
    <message>
        <source>Hold your badge to the reader, or:</source>
        <translation>请刷工卡，或输入：</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>姓名</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN 码</translation>
    </message>
</context>
<context>
    <name>PeopleRoom</name>
    <message>
        <source>People</source>
        <translation>人员</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>姓名</translation>
    </message>
    <message>
        <source>PIN, 6 signs or more</source>
        <translation>PIN 码，至少 6 位</translation>
    </message>
    <message>
        <source>Badge, if there is one</source>
        <translation>工卡（如有）</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>Nobody is named yet: the first must be an administrator</source>
        <translation>尚无人员：第一位必须是管理员</translation>
    </message>
    <message>
        <source>An administrator names people</source>
        <translation>由管理员添加人员</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>May besides</source>
        <translation>附加权限</translation>
    </message>
    <message>
        <source>Logs in by</source>
        <translation>登录方式</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN 码</translation>
    </message>
    <message>
        <source>badge</source>
        <translation>工卡</translation>
    </message>
    <message>
        <source>active</source>
        <translation>启用</translation>
    </message>
    <message>
        <source>disabled</source>
        <translation>停用</translation>
    </message>
</context>
<context>
    <name>ReviewRoom</name>
    <message>
        <source>Similar parts before</source>
        <translation>以往相似工件</translation>
    </message>
    <message>
        <source>Comment  [T]</source>
        <translation>备注  [T]</translation>
    </message>
    <message>
        <source>Reason code: none</source>
        <translation>原因代码：无</translation>
    </message>
    <message>
        <source>Golden sample</source>
        <translation>标准样件</translation>
    </message>
    <message>
        <source>Crack</source>
        <translation>裂纹</translation>
    </message>
    <message>
        <source>Scratch</source>
        <translation>划伤</translation>
    </message>
    <message>
        <source>Contamination</source>
        <translation>污染</translation>
    </message>
    <message>
        <source>Soldering</source>
        <translation>焊接</translation>
    </message>
    <message>
        <source>Lighting</source>
        <translation>光照</translation>
    </message>
    <message>
        <source>Handling</source>
        <translation>搬运</translation>
    </message>
    <message>
        <source>No part {part}</source>
        <translation>没有工件 {part}</translation>
    </message>
    <message>
        <source>Other defect</source>
        <translation>其他缺陷</translation>
    </message>
    <message>
        <source>Which defect is it?</source>
        <translation>是哪种缺陷？</translation>
    </message>
    <message>
        <source>Log in to decide</source>
        <translation>登录后才能判定</translation>
    </message>
    <message>
        <source>{who} was first: {what}. Look again.</source>
        <translation>{who} 已先判定：{what}。请再看一次。</translation>
    </message>
    <message>
        <source>Nothing to undo</source>
        <translation>没有可撤销的操作</translation>
    </message>
    <message>
        <source>{part}: taken back</source>
        <translation>{part}：已撤销</translation>
    </message>
    <message>
        <source>HIDDEN</source>
        <translation>已隐藏</translation>
    </message>
    <message>
        <source>This part</source>
        <translation>本工件</translation>
    </message>
    <message>
        <source>no picture was kept of this part</source>
        <translation>该工件没有保存图像</translation>
    </message>
    <message>
        <source>Fault: {fault}</source>
        <translation>故障：{fault}</translation>
    </message>
    <message>
        <source>Defect: {kind}</source>
        <translation>缺陷：{kind}</translation>
    </message>
    <message>
        <source>Score {score}</source>
        <translation>得分 {score}</translation>
    </message>
    <message>
        <source>pass below {low:.3f}, reject at {high:.3f}</source>
        <translation>低于 {low:.3f} 合格，达到 {high:.3f} 不合格</translation>
    </message>
    <message>
        <source>Route: {route}, {look}</source>
        <translation>路径：{route}，{look}</translation>
    </message>
    <message>
        <source>Branch {version}</source>
        <translation>分支 {version}</translation>
    </message>
    <message>
        <source>Latency {ms} ms</source>
        <translation>时延 {ms} 毫秒</translation>
    </message>
    <message>
        <source>{who} at {console} has this part open</source>
        <translation>{who} 在 {console} 正在查看该工件</translation>
    </message>
    <message>
        <source>{who} said: {what}</source>
        <translation>{who} 判定：{what}</translation>
    </message>
    <message>
        <source>Last good part {part}</source>
        <translation>最近的合格件 {part}</translation>
    </message>
    <message>
        <source>Not judged good: lowest score, {part}</source>
        <translation>未判为合格：得分最低的 {part}</translation>
    </message>
    <message>
        <source>no good part was kept</source>
        <translation>没有保存合格件</translation>
    </message>
    <message>
        <source>no part waits</source>
        <translation>没有待复核工件</translation>
    </message>
    <message>
        <source>nothing waits for review</source>
        <translation>没有待复核的工件</translation>
    </message>
    <message>
        <source>Blind audit</source>
        <translation>盲审</translation>
    </message>
    <message>
        <source>To review</source>
        <translation>待复核</translation>
    </message>
    <message>
        <source>{n} decided, median {s} s each</source>
        <translation>已判定 {n} 件，中位 {s} 秒/件</translation>
    </message>
</context>
<context>
    <name>SearchRoom</name>
    <message>
        <source>Serial, or its beginning</source>
        <translation>序列号或其开头</translation>
    </message>
    <message>
        <source>Words in the log, "a phrase"</source>
        <translation>日志中的词，“短语”</translation>
    </message>
    <message>
        <source>Defect</source>
        <translation>缺陷</translation>
    </message>
    <message>
        <source>Station</source>
        <translation>工位</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>查询</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Why? (report)</source>
        <translation>为什么？（报告）</translation>
    </message>
    <message>
        <source>All decisions</source>
        <translation>全部判定</translation>
    </message>
    <message>
        <source>Any time</source>
        <translation>任何时间</translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation>最近 1 小时</translation>
    </message>
    <message>
        <source>Last 8 hours</source>
        <translation>最近 8 小时</translation>
    </message>
    <message>
        <source>Last day</source>
        <translation>最近一天</translation>
    </message>
    <message>
        <source>Last week</source>
        <translation>最近一周</translation>
    </message>
    <message>
        <source>All lines</source>
        <translation>全部产线</translation>
    </message>
    <message>
        <source>When</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>产线</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>工件</translation>
    </message>
    <message>
        <source>Decision</source>
        <translation>判定</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>得分</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>理由</translation>
    </message>
    <message>
        <source>Branch</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>{n} parts, found in {ms} ms</source>
        <translation>{n} 件，用时 {ms} 毫秒</translation>
    </message>
    <message>
        <source>Choose a part whose evidence is kept</source>
        <translation>请选择有证据的工件</translation>
    </message>
    <message>
        <source>The report is being made</source>
        <translation>正在生成报告</translation>
    </message>
    <message>
        <source>Report: {file}</source>
        <translation>报告：{file}</translation>
    </message>
</context>
<context>
    <name>UnderstandRoom</name>
    <message>
        <source>Refresh</source>
        <translation>刷新</translation>
    </message>
    <message>
        <source>Save CSV</source>
        <translation>保存 CSV</translation>
    </message>
    <message>
        <source>Save PDF</source>
        <translation>保存 PDF</translation>
    </message>
    <message>
        <source>This shift</source>
        <translation>本班</translation>
    </message>
    <message>
        <source>Last 24 h</source>
        <translation>最近 24 小时</translation>
    </message>
    <message>
        <source>7 days</source>
        <translation>7 天</translation>
    </message>
    <message>
        <source>Rejects, p-chart with exact limits (%)</source>
        <translation>不合格率 p 图，精确控制限 (%)</translation>
    </message>
    <message>
        <source>Pareto of defects (parts)</source>
        <translation>缺陷帕累托图（件）</translation>
    </message>
    <message>
        <source>Routes taken (parts)</source>
        <translation>所走路径（件）</translation>
    </message>
    <message>
        <source>Latency p99 by stage (ms)</source>
        <translation>各阶段 p99 时延（毫秒）</translation>
    </message>
    <message>
        <source>False calls of reviewed flags</source>
        <translation>已复核中的误判</translation>
    </message>
    <message>
        <source>Bad in the blind audit</source>
        <translation>盲审中的不良</translation>
    </message>
    <message>
        <source>Seconds per review: {s}</source>
        <translation>每件复核秒数：{s}</translation>
    </message>
    <message>
        <source>No control limits
before 20 subgroups</source>
        <translation>不足 20 个子组，
不画控制限</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>保存报告</translation>
    </message>
</context>
<context>
    <name>WatchRoom</name>
    <message>
        <source>Defect map</source>
        <translation>缺陷图</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>不透明度</translation>
    </message>
    <message>
        <source>Last rejects</source>
        <translation>最近的不合格件</translation>
    </message>
    <message>
        <source>no picture kept yet</source>
        <translation>尚无保存的图像</translation>
    </message>
    <message>
        <source>DATABASE AWAY
last part {age} ago</source>
        <translation>数据库断开
最后工件于 {age} 前</translation>
    </message>
    <message>
        <source>STALE
last part {age} ago</source>
        <translation>画面已旧
最后工件于 {age} 前</translation>
    </message>
    <message>
        <source>score {score}</source>
        <translation>得分 {score}</translation>
    </message>
    <message>
        <source>no rejects yet</source>
        <translation>尚无不合格件</translation>
    </message>
    <message>
        <source>Picture of {part}</source>
        <translation>{part} 的图像</translation>
    </message>
    <message>
        <source>pictures of passed parts are not kept</source>
        <translation>合格件的图像不保存</translation>
    </message>
</context>
<context>
    <name>WelcomeRoom</name>
    <message>
        <source>Run the demo line</source>
        <translation>运行演示产线</translation>
    </message>
    <message>
        <source>Looking for the database</source>
        <translation>正在寻找数据库</translation>
    </message>
    <message>
        <source>There is no database yet</source>
        <translation>还没有数据库</translation>
    </message>
    <message>
        <source>{name} does not exist. It is made by the first line that runs: inspector run LINE.toml. To see how everything looks, run the demo line: it trains for some minutes and then judges recorded parts. This screen goes on by itself as soon as there is something to see.</source>
        <translation>{name} 不存在。第一条运行的产线会创建它：inspector run LINE.toml。想先看看效果，请运行演示产线：它训练几分钟，然后判定录制的工件。一旦有内容，本画面会自动继续。</translation>
    </message>
    <message>
        <source>The database needs a migration</source>
        <translation>数据库需要迁移</translation>
    </message>
    <message>
        <source>The demo line is starting: some minutes</source>
        <translation>演示产线正在启动：需要几分钟</translation>
    </message>
</context>
<context>
    <name>alarms</name>
    <message>
        <source>line silent</source>
        <translation>产线无声</translation>
    </message>
    <message>
        <source>camera silent</source>
        <translation>相机无声</translation>
    </message>
    <message>
        <source>log silent</source>
        <translation>日志无声</translation>
    </message>
    <message>
        <source>clocks apart</source>
        <translation>时钟不一致</translation>
    </message>
    <message>
        <source>too slow</source>
        <translation>太慢</translation>
    </message>
    <message>
        <source>drift</source>
        <translation>漂移</translation>
    </message>
    <message>
        <source>burst of rejects</source>
        <translation>不合格激增</translation>
    </message>
    <message>
        <source>same defect in a row</source>
        <translation>同一缺陷连续出现</translation>
    </message>
    <message>
        <source>disk nearly full</source>
        <translation>磁盘将满</translation>
    </message>
    <message>
        <source>broker</source>
        <translation>消息代理</translation>
    </message>
    <message>
        <source>database</source>
        <translation>数据库</translation>
    </message>
    <message>
        <source>branch put away</source>
        <translation>分支已撤下</translation>
    </message>
    <message>
        <source>1 critical</source>
        <translation>1 紧急</translation>
    </message>
    <message>
        <source>2 high</source>
        <translation>2 高</translation>
    </message>
    <message>
        <source>3 medium</source>
        <translation>3 中</translation>
    </message>
    <message>
        <source>4 low</source>
        <translation>4 低</translation>
    </message>
    <message>
        <source>normal</source>
        <translation>正常</translation>
    </message>
    <message>
        <source>unacknowledged</source>
        <translation>未确认</translation>
    </message>
    <message>
        <source>acknowledged</source>
        <translation>已确认</translation>
    </message>
    <message>
        <source>returned</source>
        <translation>已恢复</translation>
    </message>
    <message>
        <source>shelved</source>
        <translation>已搁置</translation>
    </message>
    <message>
        <source>suppressed</source>
        <translation>已抑制</translation>
    </message>
</context>
<context>
    <name>words</name>
    <message>
        <source>PASS</source>
        <translation>合格</translation>
    </message>
    <message>
        <source>REJECT</source>
        <translation>不合格</translation>
    </message>
    <message>
        <source>REVIEW</source>
        <translation>待复核</translation>
    </message>
    <message>
        <source>picture missing</source>
        <translation>缺少图像</translation>
    </message>
    <message>
        <source>checksum wrong</source>
        <translation>校验和错误</translation>
    </message>
    <message>
        <source>picture unreadable</source>
        <translation>图像无法读取</translation>
    </message>
    <message>
        <source>picture unusable</source>
        <translation>图像不可用</translation>
    </message>
    <message>
        <source>score not a number</source>
        <translation>得分不是数</translation>
    </message>
    <message>
        <source>not judged</source>
        <translation>未判定</translation>
    </message>
    <message>
        <source>too late</source>
        <translation>超时</translation>
    </message>
    <message>
        <source>overload</source>
        <translation>过载</translation>
    </message>
    <message>
        <source>model not verified</source>
        <translation>模型未验证</translation>
    </message>
    <message>
        <source>shift has drifted</source>
        <translation>班次已漂移</translation>
    </message>
    <message>
        <source>program fault</source>
        <translation>程序故障</translation>
    </message>
    <message>
        <source>good</source>
        <translation>良好</translation>
    </message>
    <message>
        <source>maintenance required</source>
        <translation>需要维护</translation>
    </message>
    <message>
        <source>out of specification</source>
        <translation>超出规格</translation>
    </message>
    <message>
        <source>function check</source>
        <translation>功能检查</translation>
    </message>
    <message>
        <source>failure</source>
        <translation>失效</translation>
    </message>
    <message>
        <source>not reported</source>
        <translation>未报告</translation>
    </message>
    <message>
        <source>Confirm</source>
        <translation>确认不良</translation>
    </message>
    <message>
        <source>Good</source>
        <translation>良品</translation>
    </message>
    <message>
        <source>Good, fix process</source>
        <translation>良品，改进工艺</translation>
    </message>
    <message>
        <source>Other defect</source>
        <translation>其他缺陷</translation>
    </message>
    <message>
        <source>Rework</source>
        <translation>返工</translation>
    </message>
    <message>
        <source>Scrap</source>
        <translation>报废</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一件</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>缺陷图</translation>
    </message>
    <message>
        <source>Blind</source>
        <translation>盲审</translation>
    </message>
    <message>
        <source>Comment</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>picture</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>picture and log</source>
        <translation>图像和日志</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>glance</source>
        <translation>一瞥</translation>
    </message>
    <message>
        <source>full look</source>
        <translation>细看</translation>
    </message>
    <message>
        <source>log complete</source>
        <translation>日志完整</translation>
    </message>
    <message>
        <source>log partial</source>
        <translation>日志部分</translation>
    </message>
    <message>
        <source>log late</source>
        <translation>日志迟到</translation>
    </message>
    <message>
        <source>log missing</source>
        <translation>日志缺失</translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation>已确认</translation>
    </message>
    <message>
        <source>false call</source>
        <translation>误判</translation>
    </message>
    <message>
        <source>false call, fix the process</source>
        <translation>误判，改进工艺</translation>
    </message>
    <message>
        <source>other defect</source>
        <translation>其他缺陷</translation>
    </message>
    <message>
        <source>escape</source>
        <translation>漏检</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>已撤销</translation>
    </message>
    <message>
        <source>scrap</source>
        <translation>报废</translation>
    </message>
    <message>
        <source>rework</source>
        <translation>返工</translation>
    </message>
    <message>
        <source>re-inspected</source>
        <translation>重检</translation>
    </message>
    <message>
        <source>use as is</source>
        <translation>让步使用</translation>
    </message>
    <message>
        <source>returned</source>
        <translation>已恢复</translation>
    </message>
    <message>
        <source>operator</source>
        <translation>操作员</translation>
    </message>
    <message>
        <source>engineer</source>
        <translation>工程师</translation>
    </message>
    <message>
        <source>auditor</source>
        <translation>审核员</translation>
    </message>
    <message>
        <source>administrator</source>
        <translation>管理员</translation>
    </message>
    <message>
        <source>decode</source>
        <translation>解码</translation>
    </message>
    <message>
        <source>decide</source>
        <translation>判定</translation>
    </message>
    <message>
        <source>store</source>
        <translation>存储</translation>
    </message>
    <message>
        <source>wait for the log</source>
        <translation>等待日志</translation>
    </message>
    <message>
        <source>fuse</source>
        <translation>融合</translation>
    </message>
    <message>
        <source>route</source>
        <translation>路由</translation>
    </message>
    <message>
        <source>live</source>
        <translation>在用</translation>
    </message>
    <message>
        <source>shadow</source>
        <translation>影子</translation>
    </message>
    <message>
        <source>canary</source>
        <translation>金丝雀</translation>
    </message>
    <message>
        <source>rollback</source>
        <translation>回退</translation>
    </message>
    <message>
        <source>put away</source>
        <translation>撤下</translation>
    </message>
    <message>
        <source>ms</source>
        <translation>毫秒</translation>
    </message>
    <message>
        <source>s</source>
        <translation>秒</translation>
    </message>
    <message>
        <source>min</source>
        <translation>分</translation>
    </message>
    <message>
        <source>h</source>
        <translation>小时</translation>
    </message>
    <message>
        <source>d</source>
        <translation>天</translation>
    </message>
</context>
</TS>
