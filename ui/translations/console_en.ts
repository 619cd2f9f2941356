<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US" sourcelanguage="en_US">
<context>
    <name>AlarmBar</name>
    <message>
        <source>Alarms</source>
        <translation>Alarms</translation>
    </message>
    <message>
        <source>{n} ALARMS</source>
        <translation>{n} ALARMS</translation>
    </message>
    <message>
        <source>No alarm that nobody has seen</source>
        <translation>No alarm that nobody has seen</translation>
    </message>
</context>
<context>
    <name>AlarmsRoom</name>
    <message>
        <source>Alarms</source>
        <translation>Alarms</translation>
    </message>
    <message>
        <source>Acknowledge</source>
        <translation>Acknowledge</translation>
    </message>
    <message>
        <source>Shelve for 30 minutes</source>
        <translation>Shelve for 30 minutes</translation>
    </message>
    <message>
        <source>Take off the shelf</source>
        <translation>Take off the shelf</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>Priority</translation>
    </message>
    <message>
        <source>State</source>
        <translation>State</translation>
    </message>
    <message>
        <source>Condition</source>
        <translation>Condition</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Source</translation>
    </message>
    <message>
        <source>What</source>
        <translation>What</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Since</translation>
    </message>
    <message>
        <source>By</source>
        <translation>By</translation>
    </message>
    <message>
        <source>Shelve</source>
        <translation>Shelve</translation>
    </message>
    <message>
        <source>Why? It is kept in the record.</source>
        <translation>Why? It is kept in the record.</translation>
    </message>
</context>
<context>
    <name>BranchesRoom</name>
    <message>
        <source>Versions, and the parts they judged</source>
        <translation>Versions, and the parts they judged</translation>
    </message>
    <message>
        <source>What was done with them</source>
        <translation>What was done with them</translation>
    </message>
    <message>
        <source>Roll back</source>
        <translation>Roll back</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Role</translation>
    </message>
    <message>
        <source>Parts</source>
        <translation>Parts</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Rejected</translation>
    </message>
    <message>
        <source>Left to a person</source>
        <translation>Left to a person</translation>
    </message>
    <message>
        <source>When</source>
        <translation>When</translation>
    </message>
    <message>
        <source>Act</source>
        <translation>Act</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Who</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Why</translation>
    </message>
    <message>
        <source>Roll back to {version}</source>
        <translation>Roll back to {version}</translation>
    </message>
    <message>
        <source>Why? It is kept in the record.</source>
        <translation>Why? It is kept in the record.</translation>
    </message>
</context>
<context>
    <name>ConsoleWindow</name>
    <message>
        <source>Kiosk: only an engineer may close it</source>
        <translation>Kiosk: only an engineer may close it</translation>
    </message>
    <message>
        <source>Inspector console</source>
        <translation>Inspector console</translation>
    </message>
    <message>
        <source>Inspector</source>
        <translation>Inspector</translation>
    </message>
    <message>
        <source>SIMULATED: recorded parts, no real line</source>
        <translation>SIMULATED: recorded parts, no real line</translation>
    </message>
    <message>
        <source>PRACTICE: nobody is logged in</source>
        <translation>PRACTICE: nobody is logged in</translation>
    </message>
    <message>
        <source>DATABASE AWAY: reconnecting</source>
        <translation>DATABASE AWAY: reconnecting</translation>
    </message>
    <message>
        <source>中文</source>
        <translation>中文</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Light</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dark</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>Watch</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>Review</translation>
    </message>
    <message>
        <source>Understand</source>
        <translation>Understand</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Search</translation>
    </message>
    <message>
        <source>Alarms</source>
        <translation>Alarms</translation>
    </message>
    <message>
        <source>Branches</source>
        <translation>Branches</translation>
    </message>
    <message>
        <source>People</source>
        <translation>People</translation>
    </message>
    <message>
        <source>Log in</source>
        <translation>Log in</translation>
    </message>
    <message>
        <source>Log out {name}</source>
        <translation>Log out {name}</translation>
    </message>
</context>
<context>
    <name>LineTile</name>
    <message>
        <source>RUNNING</source>
        <translation>RUNNING</translation>
    </message>
    <message>
        <source>NO PARTS</source>
        <translation>NO PARTS</translation>
    </message>
    <message>
        <source>NO PARTS for {age}</source>
        <translation>NO PARTS for {age}</translation>
    </message>
    <message>
        <source>parts</source>
        <translation>parts</translation>
    </message>
    <message>
        <source>faults</source>
        <translation>faults</translation>
    </message>
    <message>
        <source>overruns</source>
        <translation>overruns</translation>
    </message>
    <message>
        <source>yield</source>
        <translation>yield</translation>
    </message>
    <message>
        <source>parts/min</source>
        <translation>parts/min</translation>
    </message>
    <message>
        <source>p99 latency</source>
        <translation>p99 latency</translation>
    </message>
    <message>
        <source>branch</source>
        <translation>branch</translation>
    </message>
    <message>
        <source>camera</source>
        <translation>camera</translation>
    </message>
    <message>
        <source>log</source>
        <translation>log</translation>
    </message>
</context>
<context>
    <name>LoginDialog</name>
    <message>
        <source>Log in</source>
        <translation>Log in</translation>
    </message>
    <message>
        <source>Hold your badge to the reader, or:</source>
        <translation>Hold your badge to the reader, or:</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
</context>
<context>
    <name>PeopleRoom</name>
    <message>
        <source>People</source>
        <translation>People</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>PIN, 6 signs or more</source>
        <translation>PIN, 6 signs or more</translation>
    </message>
    <message>
        <source>Badge, if there is one</source>
        <translation>Badge, if there is one</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Add</translation>
    </message>
    <message>
        <source>Nobody is named yet: the first must be an administrator</source>
        <translation>Nobody is named yet: the first must be an administrator</translation>
    </message>
    <message>
        <source>An administrator names people</source>
        <translation>An administrator names people</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Role</translation>
    </message>
    <message>
        <source>May besides</source>
        <translation>May besides</translation>
    </message>
    <message>
        <source>Logs in by</source>
        <translation>Logs in by</translation>
    </message>
    <message>
        <source>State</source>
        <translation>State</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
    <message>
        <source>badge</source>
        <translation>badge</translation>
    </message>
    <message>
        <source>active</source>
        <translation>active</translation>
    </message>
    <message>
        <source>disabled</source>
        <translation>disabled</translation>
    </message>
</context>
<context>
    <name>ReviewRoom</name>
    <message>
        <source>Similar parts before</source>
        <translation>Similar parts before</translation>
    </message>
    <message>
        <source>Comment  [T]</source>
        <translation>Comment  [T]</translation>
    </message>
    <message>
        <source>Reason code: none</source>
        <translation>Reason code: none</translation>
    </message>
    <message>
        <source>Golden sample</source>
        <translation>Golden sample</translation>
    </message>
    <message>
        <source>Crack</source>
        <translation>Crack</translation>
    </message>
    <message>
        <source>Scratch</source>
        <translation>Scratch</translation>
    </message>
    <message>
        <source>Contamination</source>
        <translation>Contamination</translation>
    </message>
    <message>
        <source>Soldering</source>
        <translation>Soldering</translation>
    </message>
    <message>
        <source>Lighting</source>
        <translation>Lighting</translation>
    </message>
    <message>
        <source>Handling</source>
        <translation>Handling</translation>
    </message>
    <message>
        <source>No part {part}</source>
        <translation>No part {part}</translation>
    </message>
    <message>
        <source>Other defect</source>
        <translation>Other defect</translation>
    </message>
    <message>
        <source>Which defect is it?</source>
        <translation>Which defect is it?</translation>
    </message>
    <message>
        <source>Log in to decide</source>
        <translation>Log in to decide</translation>
    </message>
    <message>
        <source>{who} was first: {what}. Look again.</source>
        <translation>{who} was first: {what}. Look again.</translation>
    </message>
    <message>
        <source>Nothing to undo</source>
        <translation>Nothing to undo</translation>
    </message>
    <message>
        <source>{part}: taken back</source>
        <translation>{part}: taken back</translation>
    </message>
    <message>
        <source>HIDDEN</source>
        <translation>HIDDEN</translation>
    </message>
    <message>
        <source>This part</source>
        <translation>This part</translation>
    </message>
    <message>
        <source>no picture was kept of this part</source>
        <translation>no picture was kept of this part</translation>
    </message>
    <message>
        <source>Fault: {fault}</source>
        <translation>Fault: {fault}</translation>
    </message>
    <message>
        <source>Defect: {kind}</source>
        <translation>Defect: {kind}</translation>
    </message>
    <message>
        <source>Score {score}</source>
        <translation>Score {score}</translation>
    </message>
    <message>
        <source>pass below {low:.3f}, reject at {high:.3f}</source>
        <translation>pass below {low:.3f}, reject at {high:.3f}</translation>
    </message>
    <message>
        <source>Route: {route}, {look}</source>
        <translation>Route: {route}, {look}</translation>
    </message>
    <message>
        <source>Branch {version}</source>
        <translation>Branch {version}</translation>
    </message>
    <message>
        <source>Latency {ms} ms</source>
        <translation>Latency {ms} ms</translation>
    </message>
    <message>
        <source>{who} at {console} has this part open</source>
        <translation>{who} at {console} has this part open</translation>
    </message>
    <message>
        <source>{who} said: {what}</source>
        <translation>{who} said: {what}</translation>
    </message>
    <message>
        <source>Last good part {part}</source>
        <translation>Last good part {part}</translation>
    </message>
    <message>
        <source>Not judged good: lowest score, {part}</source>
        <translation>Not judged good: lowest score, {part}</translation>
    </message>
    <message>
        <source>no good part was kept</source>
        <translation>no good part was kept</translation>
    </message>
    <message>
        <source>no part waits</source>
        <translation>no part waits</translation>
    </message>
    <message>
        <source>nothing waits for review</source>
        <translation>nothing waits for review</translation>
    </message>
    <message>
        <source>Blind audit</source>
        <translation>Blind audit</translation>
    </message>
    <message>
        <source>To review</source>
        <translation>To review</translation>
    </message>
    <message>
        <source>{n} decided, median {s} s each</source>
        <translation>{n} decided, median {s} s each</translation>
    </message>
</context>
<context>
    <name>SearchRoom</name>
    <message>
        <source>Serial, or its beginning</source>
        <translation>Serial, or its beginning</translation>
    </message>
    <message>
        <source>Words in the log, "a phrase"</source>
        <translation>Words in the log, "a phrase"</translation>
    </message>
    <message>
        <source>Defect</source>
        <translation>Defect</translation>
    </message>
    <message>
        <source>Station</source>
        <translation>Station</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Search</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Open</translation>
    </message>
    <message>
        <source>Why? (report)</source>
        <translation>Why? (report)</translation>
    </message>
    <message>
        <source>All decisions</source>
        <translation>All decisions</translation>
    </message>
    <message>
        <source>Any time</source>
        <translation>Any time</translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation>Last hour</translation>
    </message>
    <message>
        <source>Last 8 hours</source>
        <translation>Last 8 hours</translation>
    </message>
    <message>
        <source>Last day</source>
        <translation>Last day</translation>
    </message>
    <message>
        <source>Last week</source>
        <translation>Last week</translation>
    </message>
    <message>
        <source>All lines</source>
        <translation>All lines</translation>
    </message>
    <message>
        <source>When</source>
        <translation>When</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Line</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Part</translation>
    </message>
    <message>
        <source>Decision</source>
        <translation>Decision</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Score</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Reason</translation>
    </message>
    <message>
        <source>Branch</source>
        <translation>Branch</translation>
    </message>
    <message>
        <source>{n} parts, found in {ms} ms</source>
        <translation>{n} parts, found in {ms} ms</translation>
    </message>
    <message>
        <source>Choose a part whose evidence is kept</source>
        <translation>Choose a part whose evidence is kept</translation>
    </message>
    <message>
        <source>The report is being made</source>
        <translation>The report is being made</translation>
    </message>
    <message>
        <source>Report: {file}</source>
        <translation>Report: {file}</translation>
    </message>
</context>
<context>
    <name>UnderstandRoom</name>
    <message>
        <source>Refresh</source>
        <translation>Refresh</translation>
    </message>
    <message>
        <source>Save CSV</source>
        <translation>Save CSV</translation>
    </message>
    <message>
        <source>Save PDF</source>
        <translation>Save PDF</translation>
    </message>
    <message>
        <source>This shift</source>
        <translation>This shift</translation>
    </message>
    <message>
        <source>Last 24 h</source>
        <translation>Last 24 h</translation>
    </message>
    <message>
        <source>7 days</source>
        <translation>7 days</translation>
    </message>
    <message>
        <source>Rejects, p-chart with exact limits (%)</source>
        <translation>Rejects, p-chart with exact limits (%)</translation>
    </message>
    <message>
        <source>Pareto of defects (parts)</source>
        <translation>Pareto of defects (parts)</translation>
    </message>
    <message>
        <source>Routes taken (parts)</source>
        <translation>Routes taken (parts)</translation>
    </message>
    <message>
        <source>Latency p99 by stage (ms)</source>
        <translation>Latency p99 by stage (ms)</translation>
    </message>
    <message>
        <source>False calls of reviewed flags</source>
        <translation>False calls of reviewed flags</translation>
    </message>
    <message>
        <source>Bad in the blind audit</source>
        <translation>Bad in the blind audit</translation>
    </message>
    <message>
        <source>Seconds per review: {s}</source>
        <translation>Seconds per review: {s}</translation>
    </message>
    <message>
        <source>No control limits
before 20 subgroups</source>
        <translation>No control limits
before 20 subgroups</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Save the report</translation>
    </message>
</context>
<context>
    <name>WatchRoom</name>
    <message>
        <source>Defect map</source>
        <translation>Defect map</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>Opacity</translation>
    </message>
    <message>
        <source>Last rejects</source>
        <translation>Last rejects</translation>
    </message>
    <message>
        <source>no picture kept yet</source>
        <translation>no picture kept yet</translation>
    </message>
    <message>
        <source>DATABASE AWAY
last part {age} ago</source>
        <translation>DATABASE AWAY
last part {age} ago</translation>
    </message>
    <message>
        <source>STALE
last part {age} ago</source>
        <translation>STALE
last part {age} ago</translation>
    </message>
    <message>
        <source>score {score}</source>
        <translation>score {score}</translation>
    </message>
    <message>
        <source>no rejects yet</source>
        <translation>no rejects yet</translation>
    </message>
    <message>
        <source>Picture of {part}</source>
        <translation>Picture of {part}</translation>
    </message>
    <message>
        <source>pictures of passed parts are not kept</source>
        <translation>pictures of passed parts are not kept</translation>
    </message>
</context>
<context>
    <name>WelcomeRoom</name>
    <message>
        <source>Run the demo line</source>
        <translation>Run the demo line</translation>
    </message>
    <message>
        <source>Looking for the database</source>
        <translation>Looking for the database</translation>
    </message>
    <message>
        <source>There is no database yet</source>
        <translation>There is no database yet</translation>
    </message>
    <message>
        <source>{name} does not exist. It is made by the first line that runs: inspector run LINE.toml. To see how everything looks, run the demo line: it trains for some minutes and then judges recorded parts. This screen goes on by itself as soon as there is something to see.</source>
        <translation>{name} does not exist. It is made by the first line that runs: inspector run LINE.toml. To see how everything looks, run the demo line: it trains for some minutes and then judges recorded parts. This screen goes on by itself as soon as there is something to see.</translation>
    </message>
    <message>
        <source>The database needs a migration</source>
        <translation>The database needs a migration</translation>
    </message>
    <message>
        <source>The demo line is starting: some minutes</source>
        <translation>The demo line is starting: some minutes</translation>
    </message>
</context>
<context>
    <name>alarms</name>
    <message>
        <source>line silent</source>
        <translation>line silent</translation>
    </message>
    <message>
        <source>camera silent</source>
        <translation>camera silent</translation>
    </message>
    <message>
        <source>log silent</source>
        <translation>log silent</translation>
    </message>
    <message>
        <source>clocks apart</source>
        <translation>clocks apart</translation>
    </message>
    <message>
        <source>too slow</source>
        <translation>too slow</translation>
    </message>
    <message>
        <source>drift</source>
        <translation>drift</translation>
    </message>
    <message>
        <source>burst of rejects</source>
        <translation>burst of rejects</translation>
    </message>
    <message>
        <source>same defect in a row</source>
        <translation>same defect in a row</translation>
    </message>
    <message>
        <source>disk nearly full</source>
        <translation>disk nearly full</translation>
    </message>
    <message>
        <source>broker</source>
        <translation>broker</translation>
    </message>
    <message>
        <source>database</source>
        <translation>database</translation>
    </message>
    <message>
        <source>branch put away</source>
        <translation>branch put away</translation>
    </message>
    <message>
        <source>1 critical</source>
        <translation>1 critical</translation>
    </message>
    <message>
        <source>2 high</source>
        <translation>2 high</translation>
    </message>
    <message>
        <source>3 medium</source>
        <translation>3 medium</translation>
    </message>
    <message>
        <source>4 low</source>
        <translation>4 low</translation>
    </message>
    <message>
        <source>normal</source>
        <translation>normal</translation>
    </message>
    <message>
        <source>unacknowledged</source>
        <translation>unacknowledged</translation>
    </message>
    <message>
        <source>acknowledged</source>
        <translation>acknowledged</translation>
    </message>
    <message>
        <source>returned</source>
        <translation>returned</translation>
    </message>
    <message>
        <source>shelved</source>
        <translation>shelved</translation>
    </message>
    <message>
        <source>suppressed</source>
        <translation>suppressed</translation>
    </message>
</context>
<context>
    <name>words</name>
    <message>
        <source>PASS</source>
        <translation>PASS</translation>
    </message>
    <message>
        <source>REJECT</source>
        <translation>REJECT</translation>
    </message>
    <message>
        <source>REVIEW</source>
        <translation>REVIEW</translation>
    </message>
    <message>
        <source>picture missing</source>
        <translation>picture missing</translation>
    </message>
    <message>
        <source>checksum wrong</source>
        <translation>checksum wrong</translation>
    </message>
    <message>
        <source>picture unreadable</source>
        <translation>picture unreadable</translation>
    </message>
    <message>
        <source>picture unusable</source>
        <translation>picture unusable</translation>
    </message>
    <message>
        <source>score not a number</source>
        <translation>score not a number</translation>
    </message>
    <message>
        <source>not judged</source>
        <translation>not judged</translation>
    </message>
    <message>
        <source>too late</source>
        <translation>too late</translation>
    </message>
    <message>
        <source>overload</source>
        <translation>overload</translation>
    </message>
    <message>
        <source>model not verified</source>
        <translation>model not verified</translation>
    </message>
    <message>
        <source>shift has drifted</source>
        <translation>shift has drifted</translation>
    </message>
    <message>
        <source>program fault</source>
        <translation>program fault</translation>
    </message>
    <message>
        <source>good</source>
        <translation>good</translation>
    </message>
    <message>
        <source>maintenance required</source>
        <translation>maintenance required</translation>
    </message>
    <message>
        <source>out of specification</source>
        <translation>out of specification</translation>
    </message>
    <message>
        <source>function check</source>
        <translation>function check</translation>
    </message>
    <message>
        <source>failure</source>
        <translation>failure</translation>
    </message>
    <message>
        <source>not reported</source>
        <translation>not reported</translation>
    </message>
    <message>
        <source>Confirm</source>
        <translation>Confirm</translation>
    </message>
    <message>
        <source>Good</source>
        <translation>Good</translation>
    </message>
    <message>
        <source>Good, fix process</source>
        <translation>Good, fix process</translation>
    </message>
    <message>
        <source>Other defect</source>
        <translation>Other defect</translation>
    </message>
    <message>
        <source>Rework</source>
        <translation>Rework</translation>
    </message>
    <message>
        <source>Scrap</source>
        <translation>Scrap</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Undo</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Next</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Map</translation>
    </message>
    <message>
        <source>Blind</source>
        <translation>Blind</translation>
    </message>
    <message>
        <source>Comment</source>
        <translation>Comment</translation>
    </message>
    <message>
        <source>picture</source>
        <translation>picture</translation>
    </message>
    <message>
        <source>log</source>
        <translation>log</translation>
    </message>
    <message>
        <source>picture and log</source>
        <translation>picture and log</translation>
    </message>
    <message>
        <source>none</source>
        <translation>none</translation>
    </message>
    <message>
        <source>glance</source>
        <translation>glance</translation>
    </message>
    <message>
        <source>full look</source>
        <translation>full look</translation>
    </message>
    <message>
        <source>log complete</source>
        <translation>log complete</translation>
    </message>
    <message>
        <source>log partial</source>
        <translation>log partial</translation>
    </message>
    <message>
        <source>log late</source>
        <translation>log late</translation>
    </message>
    <message>
        <source>log missing</source>
        <translation>log missing</translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation>confirmed</translation>
    </message>
    <message>
        <source>false call</source>
        <translation>false call</translation>
    </message>
    <message>
        <source>false call, fix the process</source>
        <translation>false call, fix the process</translation>
    </message>
    <message>
        <source>other defect</source>
        <translation>other defect</translation>
    </message>
    <message>
        <source>escape</source>
        <translation>escape</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>taken back</translation>
    </message>
    <message>
        <source>scrap</source>
        <translation>scrap</translation>
    </message>
    <message>
        <source>rework</source>
        <translation>rework</translation>
    </message>
    <message>
        <source>re-inspected</source>
        <translation>re-inspected</translation>
    </message>
    <message>
        <source>use as is</source>
        <translation>use as is</translation>
    </message>
    <message>
        <source>returned</source>
        <translation>returned</translation>
    </message>
    <message>
        <source>operator</source>
        <translation>operator</translation>
    </message>
    <message>
        <source>engineer</source>
        <translation>engineer</translation>
    </message>
    <message>
        <source>auditor</source>
        <translation>auditor</translation>
    </message>
    <message>
        <source>administrator</source>
        <translation>administrator</translation>
    </message>
    <message>
        <source>decode</source>
        <translation>decode</translation>
    </message>
    <message>
        <source>decide</source>
        <translation>decide</translation>
    </message>
    <message>
        <source>store</source>
        <translation>store</translation>
    </message>
    <message>
        <source>wait for the log</source>
        <translation>wait for the log</translation>
    </message>
    <message>
        <source>fuse</source>
        <translation>fuse</translation>
    </message>
    <message>
        <source>route</source>
        <translation>route</translation>
    </message>
    <message>
        <source>live</source>
        <translation>live</translation>
    </message>
    <message>
        <source>shadow</source>
        <translation>shadow</translation>
    </message>
    <message>
        <source>canary</source>
        <translation>canary</translation>
    </message>
    <message>
        <source>rollback</source>
        <translation>rollback</translation>
    </message>
    <message>
        <source>put away</source>
        <translation>put away</translation>
    </message>
    <message>
        <source>ms</source>
        <translation>ms</translation>
    </message>
    <message>
        <source>s</source>
        <translation>s</translation>
    </message>
    <message>
        <source>min</source>
        <translation>min</translation>
    </message>
    <message>
        <source>h</source>
        <translation>h</translation>
    </message>
    <message>
        <source>d</source>
        <translation>d</translation>
    </message>
</context>
</TS>
