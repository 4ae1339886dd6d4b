"""What folium lacks: layers whose words are never markup, a legend that follows them, a note without network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from branca.element import Element, MacroElement
from folium.map import Layer
from folium.template import Template

__all__ = ["Drawn", "Legend", "Note", "Tools"]


class Tools(MacroElement):
    """The script that draws features and makes text of what is said of them; goes first on the map."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <style>
        .tm-words { font: 13px/1.4 system-ui, sans-serif; color: #22252A; width: 21em; max-width: 70vw;
            white-space: normal; }
        .tm-words * { overflow-wrap: anywhere; unicode-bidi: isolate; }
        .tm-words h4 { margin: 0; font-size: 14px; }
        .tm-words small { color: #5F646B; display: block; }
        .tm-words dl { display: grid; grid-template-columns: minmax(6em, max-content) 1fr; gap: 1px 10px;
            margin: 5px 0 0; }
        .tm-words dt { color: #5F646B; max-width: 9em; } .tm-words dd { margin: 0; }
        .tm-words ul { margin: 5px 0 0; padding-left: 1.2em; }
        div.leaflet-container { background: #F4F5F6; }
        .tm-hub { color: #22252A; text-align: center; font: 13px/14px sans-serif;
            text-shadow: 0 0 2px #fff, 0 0 2px #fff; }
        .tm-legend { background: rgba(255,255,255,.94); color: #22252A; padding: 6px 10px; border-radius: 4px;
            border: 1px solid #8B8F94; font: 12px/1.45 system-ui, sans-serif; max-width: 19em;
            max-height: 62vh; overflow-y: auto; }
        .tm-legend summary { font-weight: bold; cursor: pointer; }
        .tm-legend section { margin-top: 6px; } .tm-legend b { display: block; }
        .tm-legend i { display: inline-block; box-sizing: border-box; margin-right: 6px; vertical-align: middle; }
        div.leaflet-container .leaflet-control-attribution { font-size: 11px; line-height: 1.35;
            max-width: min(70vw, 60em); max-height: 4.1em; overflow-y: auto; }
        div.leaflet-container .leaflet-control-layers { font: 13px/1.5 system-ui, sans-serif; }
        @media (max-width: 620px) {
            div.leaflet-container .leaflet-control-attribution { max-width: 100vw; max-height: 2.8em; }
            .leaflet-bottom.leaflet-left { bottom: 3em; } .tm-legend { max-height: 50vh; }
        }
        .tm-note { position: absolute; inset: 0; z-index: 0; padding: 8vh 8vw; color: #22252A; background: #fff;
            font: 17px/1.6 system-ui, sans-serif; max-width: 44em; }
        </style>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var threeMismatches = {
            words: function (tip, all) {
                var box = L.DomUtil.create("div", "tm-words");
                var add = function (kind, text, parent) {
                    var made = L.DomUtil.create(kind, "", parent);
                    made.dir = "auto";
                    made.textContent = text;
                    return made;
                };
                add("h4", tip.head, box);
                if (tip.sub) { add("small", tip.sub, box); }
                var list = L.DomUtil.create("dl", "", box);
                tip.rows.slice(0, all ? tip.rows.length : tip.few).forEach(function (row) {
                    add("dt", row[0], list);
                    add("dd", row[1], list);
                });
                if (all && tip.notes.length) {
                    var notes = L.DomUtil.create("ul", "", box);
                    tip.notes.forEach(function (note) { add("li", note, notes); });
                }
                return box;
            },
            draw: function (map, data, pane, height) {
                map.createPane(pane).style.zIndex = height;
                var options = { pane: pane, style: function (feature) { return feature.properties.style; } };
                options.pointToLayer = function (feature, at) {
                    var style = feature.properties.style;
                    if (!style.glyph) { return L.circleMarker(at, Object.assign({ pane: pane }, style)); }
                    var sign = document.createElement("span");
                    sign.textContent = style.glyph;
                    var icon = L.divIcon({ className: "tm-hub", html: sign, iconSize: [14, 14] });
                    return L.marker(at, { icon: icon, pane: pane, alt: feature.properties.tip.head });
                };
                options.onEachFeature = function (feature, layer) {
                    var tip = feature.properties.tip;
                    layer.bindTooltip(function () { return threeMismatches.words(tip, false); }, { sticky: true });
                    var size = { maxWidth: 340, maxHeight: 330 };
                    layer.bindPopup(function () { return threeMismatches.words(tip, true); }, size);
                };
                return L.geoJSON(data, options);
            },
            legend: function (map, words, layers) {
                var control = L.control({ position: "bottomleft" });
                control.onAdd = function () {
                    var box = L.DomUtil.create("details", "tm-legend");
                    box.open = map.getSize().x > 620;
                    box.innerHTML = words;
                    L.DomEvent.disableClickPropagation(box);
                    L.DomEvent.disableScrollPropagation(box);
                    var follow = function () {
                        box.querySelectorAll("section[data-layer]").forEach(function (part) {
                            part.hidden = !map.hasLayer(layers[part.dataset.layer]);
                        });
                    };
                    map.on("layeradd layerremove", follow);
                    follow();
                    return box;
                };
                return control.addTo(map);
            },
            watch: function (map, tiles, words) {
                var control = L.control({ position: "topleft" });
                control.onAdd = function () {
                    var box = L.DomUtil.create("div", "tm-legend");
                    box.textContent = words;
                    return box;
                };
                tiles.on("tileerror", function () { if (!control._map) { control.addTo(map); } });
                tiles.on("tileload", function () { if (control._map) { control.remove(); } });
            }
        };
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        """Make the script."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Tools"


class Drawn(Layer):
    """Features, each with `style` and `tip` among its properties, in a pane of their own so that order stays."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = threeMismatches.draw(
            {{ this._parent.get_name() }}, {{ this.data|tojson }}, {{ this.pane|tojson }}, {{ this.height|tojson }}
        );
        {% endmacro %}
        """
    )

    def __init__(
        self,
        features: Sequence[Mapping[str, object]],
        *,
        key: str,
        name: str,
        height: int,
        overlay: bool,
        show: bool,
    ) -> None:
        """Take features of GeoJSON, what the layer is called here and by readers, and how high it lies."""
        super().__init__(name=escape(name), overlay=overlay, control=True, show=show)
        self._name = "Drawn"
        self.data = {"type": "FeatureCollection", "features": list(features)}
        self.key, self.pane, self.height = key, f"tm-{key}", height


class Legend(MacroElement):
    """Words that stay on the page, those of the layers that are switched on; and the sources, beside the tiles' own."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        L.control.scale({ imperial: false }).addTo({{ this._parent.get_name() }});
        var {{ this.get_name() }} = threeMismatches.legend({{ this._parent.get_name() }}, {{ this.words|tojson }}, {
            {% for layer in this.layers %}{{ layer.key|tojson }}: {{ layer.get_name() }},
            {% endfor %}
        });
        {{ this._parent.get_name() }}.attributionControl.addAttribution({{ this.sources|tojson }});
        threeMismatches.watch({{ this._parent.get_name() }}, {{ this.tiles.get_name() }}, {{ this.offline|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self, words: str, *, sources: str, layers: Sequence[Drawn], tiles: Layer, offline: str
    ) -> None:
        """Take markup whose every text is escaped, the sources as text, and what is said where tiles do not load."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Legend"
        self.words, self.sources, self.offline = words, escape(sources), offline
        self.layers, self.tiles = list(layers), tiles


class Note(Element):
    """Text that the map covers: what is read where its scripts are not to be had."""

    _template = Template('<div class="tm-note" lang="{{ this.lang|e }}"><p>{{ this.words|e }}</p></div>')

    def __init__(self, words: str, *, lang: str) -> None:
        """Take the words and their language."""
        super().__init__()
        self._name = "Note"
        self.words, self.lang = words, lang
