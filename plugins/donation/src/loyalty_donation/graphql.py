"""x"""

extension = None
