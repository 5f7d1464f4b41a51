"""The figures of a company that does not exist: what it sold each month, in thousands of euros."""

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
SOLD = {
    "North": [42, 45, 51, 48, 57, 63, 61, 66, 72, 70, 79, 88],
    "South": [31, 29, 36, 41, 44, 43, 52, 55, 51, 60, 63, 71],
    "West": [18, 22, 21, 27, 25, 31, 36, 33, 39, 44, 42, 53],
}
SHARES = {"Green tea": 0.38, "Black tea": 0.29, "Herbs": 0.21, "Cups": 0.12}
TARGETS = {"North": 760, "South": 540, "West": 420}
COLORS = {"North": "#0b8457", "South": "#b8701a", "West": "#4c78c8"}
