"""Owns how the report of a batch looks: colours of both themes as those of the window, and a glyph per status."""

from __future__ import annotations

GLYPHS: dict[str, str] = {
    "done": '<circle cx="8" cy="8" r="5" fill="currentColor"/>',
    "skipped": '<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "failed": '<path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="2" fill="none"/>',
    "cancelled": '<rect x="4" y="4" width="8" height="8" fill="currentColor"/>',
    "waiting": '<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="1.8" '
    'stroke-dasharray="2.4 2.4"/>',
}
"""State is never colour alone."""

STYLE = """
:root{color-scheme:light dark;--app:#e4e4e4;--panel:#f8f8f8;--field:#fff;--line:#d6d6d6;--line2:#b4b4b4;--edge:#7f7f7f;
--text:#1a1a1a;--text2:#454545;--text3:#5c5c5c;--ok:#0a7253;--warn:#a04600;--error:#b82717;--stored:#2878cc;
--tint:#fbeae7;--accent:#805000}
@media(prefers-color-scheme:dark){:root{--app:#0e0e0e;--panel:#1a1a1a;--field:#131313;--line:#2c2c2c;--line2:#474747;
--edge:#757575;--text:#ededed;--text2:#b8b8b8;--text3:#9c9c9c;--ok:#4ad9aa;--warn:#ff9a52;--error:#ff6e5e;
--stored:#4a96e6;--tint:#2b1a18;--accent:#f2b33d}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1440px;padding:28px 24px 48px;background:var(--app);color:var(--text);
font:13px/1.45 Inter,system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
h1,h2,p,ul,dl,dd,figure{margin:0;padding:0}
h1{font-size:22px;font-weight:600;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:13px;font-weight:600}
a{color:inherit;text-decoration-color:var(--edge);text-underline-offset:2px}
a:focus-visible,input:focus-visible+span{outline:2px solid var(--accent);outline-offset:2px}
.quiet{color:var(--text3)}
header{display:flex;flex-wrap:wrap;gap:16px 40px;align-items:flex-end;justify-content:space-between;margin-bottom:20px}
header p{margin-top:4px}
.counts{display:flex;flex-wrap:wrap;gap:8px;list-style:none}
.counts li{display:flex;align-items:center;gap:7px;background:var(--panel);border-radius:6px;padding:7px 13px}
.counts b{font-size:16px;font-weight:600;color:var(--text)}
.counts span{color:var(--text2)}
.glyph{width:14px;height:14px;flex:none}
.done>.glyph,.done .head>.glyph{color:var(--ok)}
.skipped>.glyph,.skipped .head>.glyph{color:var(--stored)}
.failed>.glyph,.failed .head>.glyph{color:var(--error)}
.cancelled>.glyph,.cancelled .head>.glyph,.waiting>.glyph,.waiting .head>.glyph{color:var(--text3)}
.failures{background:var(--tint);border-left:3px solid var(--error);border-radius:4px;padding:12px 16px;
margin-bottom:16px}
.failures ul{margin-top:6px;padding-left:18px}
.failures li{overflow-wrap:anywhere;margin-top:2px}
.filters{margin-bottom:12px}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px;align-items:center}
legend{float:left;margin-right:8px;padding:0;color:var(--text3)}
.filters input{position:absolute;opacity:0}
.filters span{display:block;padding:4px 11px;border-radius:6px;color:var(--text2);cursor:pointer}
.filters span:hover{background:var(--panel)}
.filters input:checked+span{background:var(--panel);color:var(--text);font-weight:600}
body:has(#show-done:checked) article:not(.done),body:has(#show-skipped:checked) article:not(.skipped),
body:has(#show-failed:checked) article:not(.failed),body:has(#show-cancelled:checked) article:not(.cancelled),
body:has(#show-waiting:checked) article:not(.waiting){display:none}
article{background:var(--panel);border-radius:8px;margin-bottom:8px;scroll-margin-top:12px}
article:target{box-shadow:0 0 0 2px var(--accent)}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:4px 9px;padding:10px 16px;border-bottom:1px solid var(--line)}
.head h2{overflow-wrap:anywhere}
.waiting .head,.cancelled .head{border-bottom-color:transparent}
.numbers{margin-left:auto;color:var(--text2)}
.problem{padding:10px 16px 0;overflow-wrap:anywhere}
.problem b{color:var(--error)}
.body{display:flex;flex-wrap:wrap;gap:16px 24px;padding:14px 16px 16px}
.film{display:flex;flex-wrap:wrap;gap:12px;flex:1 1 500px;align-items:flex-start;min-width:0}
.film img,.film video{display:block;border-radius:2px;background:#0a0a0a;max-width:100%}
.film figcaption{color:var(--text3);font-size:11px;margin-top:4px;overflow-wrap:anywhere}
.start{flex:0 0 auto;width:min(308px,100%)}
.start img,.start video{width:100%}
.play{display:block;position:relative}
.play:before{content:"";position:absolute;left:10px;bottom:10px;width:34px;height:34px;border-radius:6px;
background:rgba(0,0,0,.72)}
.play:hover:before{background:#000}
.play:after{content:"";position:absolute;left:22px;bottom:19px;border:8px solid transparent;border-width:8px 0 8px 13px;
border-left-color:#fff}
.ends{display:flex;flex-wrap:wrap;gap:8px;flex:1 1 180px;min-width:0}
.ends img{height:76px}
.way{flex:0 0 180px}
.way svg{display:block;width:180px;height:180px;background:var(--field);border-radius:4px}
.way polyline{fill:none;stroke:var(--edge);stroke-width:1.3;stroke-linejoin:round}
.way polyline.fast{stroke:var(--warn);stroke-width:1.6;stroke-dasharray:3 2}
.way .dot{fill:var(--text2)}.way .fast.dot{fill:var(--warn)}
.way .ring{fill:var(--field);stroke:var(--text);stroke-width:1.3}
.way .camera{fill:none;stroke:var(--text);stroke-width:1.2;stroke-linejoin:round}
.way .between{stroke:var(--edge);stroke-width:1}
.way .scale{fill:none;stroke:var(--edge)}.way text{fill:var(--text3);font-size:10px}
dl{flex:1 1 260px;max-width:380px;display:grid;grid-template-columns:96px 1fr;gap:3px 12px;align-content:start}
dt{color:var(--text3)}dd{color:var(--text2);overflow-wrap:anywhere}dd b{color:var(--text);font-weight:600}
code{font:12px/1.4 "JetBrains Mono",ui-monospace,Consolas,monospace;color:var(--text)}
.bar{display:flex;height:6px;margin:6px 0 4px;gap:1px;border-radius:2px;overflow:hidden;background:var(--line)}
.bar i{background:var(--edge)}.bar .denoise{background:var(--text2)}.bar .decode{background:var(--edge)}
.bar .encode{background:var(--line2)}
footer{margin-top:28px}
@media print{body{background:#fff}article{break-inside:avoid;border:1px solid var(--line)}.filters{display:none}}
"""
