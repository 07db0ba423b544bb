"""How the pages look: words and icons of badges, the navigation, the theme. The frame around a page is dmarcsite.look."""
